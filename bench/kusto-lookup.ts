/**
 * What the lookups in Kusto cost a run, and whether they keep its file slots busy:
 *
 *     node bench/kusto-lookup.ts [WORK_ITEMS] [FILES_EACH] [FILE_MS]
 *
 * 21,000 work items with 80 files each when not given, links of 500 bytes; 200 slots, in each of which a file takes
 * 20 ms and nothing is transferred. The stand-in for Kusto has a process of its own; the pipeline, the state and the
 * client are the real ones.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Catalog } from "../src/catalog/catalog.ts";
import { growYoungHeap } from "../src/job/process.ts";
import { setStartFlags } from "../src/job/start-flags.ts";
import { openKustoCatalog } from "../src/catalog/kusto/kusto-catalog.ts";
import { LookupQuery } from "../src/catalog/kusto/lookup-query.ts";
import { DEFAULT_NAME_TEMPLATE, parseNameTemplate } from "../src/core/target-name.ts";
import type { KustoServer } from "../src/emulator/kusto-server/kusto-server.ts";
import { startKustoServer } from "../src/emulator/kusto-server/kusto-server.ts";
import { KustoTables, type Row } from "../src/emulator/kusto-server/tables.ts";
import { RunControl } from "../src/job/run-control.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";
import { LocalDelivery } from "../src/delivery/local-delivery.ts";
import { startPipeline } from "../src/pipeline/run-pipeline.ts";
import { open } from "../test/kusto/support.ts";
import { openState, workItemAt } from "./state-support.ts";

const WORK_ITEMS = Number(process.argv[2] ?? 21_000);
const FILES_EACH = Number(process.argv[3] ?? 80);
const FILE_MS = Number(process.argv[4] ?? 20);
const LINK_BYTES = 500;
const SUFFIX = "perf-lab-report.json";
/** How often it is looked whether a slot is idle. */
const LOOK_MS = 10;

function* rows(): Generator<Row> {
  for (let index = 0; index < WORK_ITEMS; index++) {
    const { jobId: JobId, workItemId: WorkItemId, workItemName: WorkItemName } = workItemAt(index);
    for (let number = 0; number < FILES_EACH; number++) {
      const FileName = `results/${number}/measurement-${number}-${SUFFIX}`;
      const link = `https://results0001.blob.core.windows.net/source/${WorkItemId}/${FileName}?sv=2024-11-04&se=2036-01-01T00%3A00%3A00Z&sr=c&sp=r&sig=`;
      yield { JobId, WorkItemId, WorkItemName, FileName, Uri: link.padEnd(LINK_BYTES, "0") };
    }
  }
}

/** The stand-in's process: tells its URL, then what it counted when it is asked to end. */
async function serve(folder: string): Promise<void> {
  const tables = new KustoTables({ file: join(folder, "kusto.db") });
  tables.add("Files", rows());
  const server: KustoServer = await startKustoServer({ surroundings: REAL_SURROUNDINGS, tables });
  process.send?.(server.url);
  await once(process, "message");
  process.send?.(server.mostAtOnce);
  await server.stop();
  tables.close();
  process.disconnect();
}

interface Measured {
  /** Rows a second of lookups alone, one after the other. */
  readonly rowsPerSecond: number;
  readonly seconds: number;
  /** The part of it in which slots that might have worked did not, from the second second to the last lookup. */
  readonly idleShare: number;
  readonly longestIdleMs: number;
  readonly peakMiB: number;
  readonly surveySeconds: number;
  readonly lookupQueries: number;
}

/** Looks up some work items, batch by batch; gives rows a second. */
async function lookUpAlone(catalog: Catalog): Promise<number> {
  const began = performance.now();
  let rowCount = 0;
  for (let at = 0; at < Math.min(WORK_ITEMS, 4000);) {
    const asked = Array.from({ length: catalog.batchSize }, (_, index) => workItemAt(at + index));
    at += asked.length;
    const { signal } = new AbortController();
    for await (const { files } of catalog.lookup(asked, { signal })) rowCount += files.length;
  }
  return Math.round((rowCount / (performance.now() - began)) * 1000);
}

async function measure(folder: string, url: string): Promise<Measured> {
  const { signal } = new AbortController();
  await using store = await stateOf(folder);
  using opened = open({ url }, { policy: { idleMs: 30_000 } });
  const query = new LookupQuery({ text: undefined, fileSuffix: SUFFIX });
  const catalog = await openKustoCatalog({
    surroundings: REAL_SURROUNDINGS,
    kusto: opened.kusto,
    query,
    signal,
  });
  let began = performance.now();
  for await (const surveys of catalog.survey(groups(), { signal })) {
    if (surveys.some(({ files }) => files !== FILES_EACH)) throw new Error("a survey is wrong");
  }
  const surveySeconds = (performance.now() - began) / 1000;
  const sentBefore = opened.kusto.sent;
  let answered = 0;
  const counting: Catalog = {
    identity: catalog.identity,
    get batchSize() {
      return catalog.batchSize;
    },
    async *lookup(workItems, options) {
      for await (const lookup of catalog.lookup(workItems, options)) {
        answered++;
        yield lookup;
      }
    },
    survey: (workItems, options) => catalog.survey(workItems, options),
    recheck: (workItems, options) => catalog.recheck(workItems, options),
    rejectedRows: () => catalog.rejectedRows(),
    close: () => catalog.close(),
  };
  began = performance.now();
  const pipeline = startPipeline(
    {
      surroundings: REAL_SURROUNDINGS,
      state: store.store,
      catalog: counting,
      delivery: new LocalDelivery({
        transfer: {
          async transfer() {
            await sleep(FILE_MS);
            return {
              outcome: "copied",
              bytes: 1,
              method: "put-blob-from-url",
              attempts: 1,
              existingSince: undefined,
            };
          },
        },
        announcer: { announce: async () => ({ attempts: 1 }) },
      }),
    },
    {
      workItemWorkers: 20,
      fileWorkers: 10,
      template: parseNameTemplate(DEFAULT_NAME_TEMPLATE),
      onCollision: "report",
      onEmpty: "report",
      announceExisting: "always",
      runBegan: 0,
      maxFailures: undefined,
    },
    { stop: new RunControl(REAL_SURROUNDINGS, 0) },
  );
  const idle = { ms: 0, longest: 0, now: 0 };
  let before = began;
  const watch = setInterval(() => {
    const now = performance.now();
    const isIdle = pipeline.live.slotsInUse < pipeline.live.slots && answered < WORK_ITEMS;
    const isEarly = now - began < 1000;
    idle.now = isIdle && !isEarly ? idle.now + now - before : 0;
    idle.ms += isIdle && !isEarly ? now - before : 0;
    idle.longest = Math.max(idle.longest, idle.now);
    before = now;
  }, LOOK_MS);
  const outcome = await pipeline.outcome;
  clearInterval(watch);
  if (outcome.kind !== "finished") throw new Error(outcome.kind, { cause: outcome });
  const ms = performance.now() - began;
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const lookupQueries = opened.kusto.sent - sentBefore;
  const { files } = store.store.ledger.tally();
  if (files.copied !== WORK_ITEMS * FILES_EACH) throw new Error(`${files.copied} files were copied`);
  return {
    seconds: ms / 1000,
    idleShare: idle.ms / ms,
    longestIdleMs: idle.longest,
    peakMiB,
    surveySeconds,
    lookupQueries,
    rowsPerSecond: await lookUpAlone(catalog),
  };
}

async function stateOf(folder: string) {
  const store = await openState(join(folder, "state.db"), WORK_ITEMS);
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

async function* groups() {
  for (let at = 0; at < WORK_ITEMS; at += 1000) {
    yield Array.from({ length: Math.min(1000, WORK_ITEMS - at) }, (_, index) => workItemAt(at + index));
  }
}

async function reply(child: ChildProcess): Promise<unknown> {
  return ((await once(child, "message")) as unknown[])[0];
}

setStartFlags();
growYoungHeap("copied");
if (process.send === undefined) {
  const folder = await mkdtemp(join(tmpdir(), "reupload-bench-"));
  const child = fork(import.meta.filename, process.argv.slice(2, 5), {
    env: { ...process.env, FOLDER: folder },
  });
  try {
    const measured = await measure(folder, String(await reply(child)));
    child.send("end");
    const mostAtOnce = await reply(child);
    const filesPerSecond = Math.round((WORK_ITEMS * FILES_EACH) / measured.seconds);
    process.stdout.write(`${JSON.stringify({ ...measured, filesPerSecond, mostAtOnce }, undefined, 2)}\n`);
  } finally {
    child.kill();
    await rm(folder, { recursive: true, force: true });
  }
} else {
  await serve(process.env["FOLDER"] ?? "");
}
