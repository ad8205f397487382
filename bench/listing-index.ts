/**
 * How fast a listing is indexed and looked up, and with how much memory and disk:
 *
 *     node bench/listing-index.ts [ROWS] [FOLDER]
 *
 * ROWS is 2,000,000 when not given (0.6 GB a listing). Each listing is measured in a process of its own.
 */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { openListing } from "../src/catalog/listing/listing.ts";
import type { Catalog } from "../src/catalog/catalog.ts";
import type { WorkItem } from "../src/core/work-item.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const FILES_PER_WORK_ITEM = Number(process.env["FILES_EACH"] ?? 100);
const LOOKUPS = 5000;
/** Lookups under way at a time, as the pipeline has them. */
const PARALLEL = 4;
const SAS =
  "?sv=2024-11-04&se=2030-01-01T00%3A00%3A00Z&sr=c&sp=rl&sig=notASignature0123456789abcdefghijklmnopqrstuv%3D";

/** What something took: by the clock, and of the processor (which other work on the machine does not change much). */
interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Measured {
  readonly index: Taken;
  readonly indexBytes: number;
  readonly longestPauseMs: number;
  readonly peakMiB: number;
  readonly reopen: Taken;
  readonly lookups: Taken;
  readonly survey: Taken;
}

const workItemOf = (number: number): WorkItem => ({
  jobId: "4f1d9e0a-nightly-2026-03",
  workItemId: String(1_880_000_000 + number),
  workItemName: "",
});

async function writeListing(path: string, rows: number, sorted: boolean): Promise<void> {
  const workItems = Math.ceil(rows / FILES_PER_WORK_ITEM);
  const file = createWriteStream(path, { highWaterMark: 1024 * 1024 });
  file.write("JobId,WorkItemId,WorkItemName,Uri,FileName,Length\n");
  for (let row = 0; row < rows; row++) {
    const shuffled = (row * 1_000_003) % rows;
    const number = sorted ? Math.floor(row / FILES_PER_WORK_ITEM) : shuffled % workItems;
    const name = `result-${sorted ? row : shuffled}.json`;
    const { jobId, workItemId } = workItemOf(number);
    const uri = `https://results0001.blob.core.windows.net/source/${workItemId}/${name}${SAS}`;
    if (!file.write(`${jobId},${workItemId},Item ${number},${uri},${name},${row}\n`))
      await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}

async function measure(folder: string, path: string, rows: number): Promise<Measured> {
  const options = {
    surroundings: REAL_SURROUNDINGS,
    path,
    indexPath: join(folder, "index"),
    rejectedPath: join(folder, "rejected.csv"),
    signal: new AbortController().signal,
  };
  const pauses = watchPauses();
  const index = await take(async () => (await openListing(options)).close());
  const longestPauseMs = pauses.stop();
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const reopen = await take(async () => (await openListing(options)).close());
  const catalog = await openListing(options);
  const workItems = Math.ceil(rows / FILES_PER_WORK_ITEM);
  const lookups = await take(async () => {
    await Promise.all(Array.from({ length: PARALLEL }, () => lookUp(catalog, workItems, rows)));
  });
  const survey = await take(() => surveyAll(catalog, workItems, rows));
  await catalog.close();
  return {
    index,
    indexBytes: statSync(options.indexPath).size,
    longestPauseMs,
    peakMiB,
    reopen,
    lookups,
    survey,
  };
}

async function take(work: () => Promise<void>): Promise<Taken> {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function lookUp(catalog: Catalog, workItems: number, rows: number): Promise<void> {
  const { signal } = new AbortController();
  for (let i = 0; i < LOOKUPS / PARALLEL; i++) {
    const workItem = workItemOf(Math.floor(Math.random() * workItems));
    for await (const { files } of catalog.lookup([workItem], { signal })) {
      if (files.length !== FILES_PER_WORK_ITEM && rows % FILES_PER_WORK_ITEM === 0) {
        throw new Error(`${workItem.workItemId}: ${files.length} files`);
      }
    }
  }
}

async function surveyAll(catalog: Catalog, workItems: number, rows: number): Promise<void> {
  async function* batches(): AsyncGenerator<WorkItem[]> {
    for (let from = 0; from < workItems; from += 1000) {
      const length = Math.min(1000, workItems - from);
      yield Array.from({ length }, (_, i) => workItemOf(from + i));
    }
  }
  const surveys = catalog.survey(batches(), { signal: new AbortController().signal });
  let files = 0;
  for await (const survey of surveys) for (const surveyed of survey) files += surveyed.files;
  if (files !== rows) throw new Error(`${files} of ${rows} rows were counted`);
}

/** The longest time that the event loop did not get around, in ms. */
function watchPauses(): { stop(): number } {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return longest;
    },
  };
}

const perSecond = (count: number, seconds: number): string =>
  Math.round(count / seconds).toLocaleString("en");

const COLUMNS: readonly [string, (measured: Measured, rows: number) => string][] = [
  ["index", ({ index }) => `${index.seconds.toFixed(1)} s`],
  ["rows/s", ({ index }, rows) => perSecond(rows, index.seconds)],
  ["rows/CPU s", ({ index }, rows) => perSecond(rows, index.cpuSeconds)],
  ["longest pause", ({ longestPauseMs }) => `${longestPauseMs.toFixed(0)} ms`],
  ["peak RSS", ({ peakMiB }) => `${peakMiB.toFixed(0)} MiB`],
  ["index size", ({ indexBytes }) => `${(indexBytes / 2 ** 20).toFixed(1)} MiB`],
  ["reopen", ({ reopen }) => `${reopen.seconds.toFixed(2)} s`],
  ["lookups/s", ({ lookups }) => perSecond(LOOKUPS, lookups.seconds)],
  ["lookups/CPU s", ({ lookups }) => perSecond(LOOKUPS, lookups.cpuSeconds)],
  ["survey all", ({ survey }) => `${survey.seconds.toFixed(2)} s`],
];

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

async function compare(rows: number, parent: string): Promise<void> {
  mkdirSync(parent, { recursive: true });
  process.stdout.write(line(["listing", ...COLUMNS.map(([name]) => name)]));
  process.stdout.write(line(["---", ...COLUMNS.map(() => "---")]));
  for (const sorted of [true, false]) {
    const folder = mkdtempSync(join(parent, "listing-index-"));
    try {
      const path = join(folder, "listing.csv");
      await writeListing(path, rows, sorted);
      const answer = execFileSync(
        process.execPath,
        [import.meta.filename, "measure", folder, path, String(rows)],
        { encoding: "utf8" },
      );
      const measured = JSON.parse(answer) as Measured;
      const what = `${rows.toLocaleString("en")} rows ${sorted ? "sorted" : "unsorted"}`;
      process.stdout.write(line([what, ...COLUMNS.map(([, cell]) => cell(measured, rows))]));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === "measure") {
  const [folder = "", path = "", rows = ""] = rest;
  process.stdout.write(JSON.stringify(await measure(folder, path, Number(rows))));
} else {
  await compare(Number(first ?? 2_000_000), rest[0] ?? tmpdir());
}
