/**
 * The demo's input: source blobs in the emulator, a CSV of failed work items and a listing of their files, with the
 * oddities of real batches. Everything but the links' signatures is the same for the same seed.
 */
import { hash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { csvField } from "../core/csv-field.ts";
import { writeNewSync } from "../files/files.ts";
import { demoContent } from "./demo-content.ts";
import {
  DEMO_SCALE,
  type DemoPlan,
  type DemoScale,
  type PlannedDemoFile,
  type PlannedDemoWorkItem,
  planDemo,
} from "./demo-plan.ts";
import { DemoRandom } from "./demo-random.ts";
import { DemoSource } from "../emulator/emulator.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

const DEFAULT_SOURCE_CONTAINER = "source";
/** Where the emulator is fastest. */
const CONCURRENCY = 16;
/** Listing rows that stand twice, as a share of all. */
const REPEATED_ROWS = 0.005;

export interface DemoInputOptions {
  readonly surroundings: Surroundings;
  /** Of the emulator. */
  readonly connectionString: string;
  /** Where the CSV, the listing and the missing blob's content are written; made when missing. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Default `source`. */
  readonly sourceContainer?: string;
  readonly seed?: number;
  /** What differs from the full demo (200 work items, 5,000 files and three large ones). */
  readonly scale?: Partial<DemoScale>;
  /** Told after each upload. */
  readonly onProgress?: (uploaded: number, total: number) => void;
}

/** A file that must be in the target at the end. */
export interface ExpectedFile {
  readonly jobId: string;
  readonly workItemId: string;
  /** As the listing names it; empty for some. */
  readonly workItemName: string;
  readonly fileName: string;
  /** In the target, by the default name template. */
  readonly blobName: string;
  /** Bytes. */
  readonly length: number;
  /** Base64. */
  readonly md5: string;
}

/** The one file that the listing names and the source container lacks. */
export interface MissingBlob extends ExpectedFile {
  /** The link in the listing, without its SAS. */
  readonly uri: string;
  /** File with the blob's content. */
  readonly contentFile: string;
  /** Link with a SAS to which the content can be PUT (`x-ms-blob-type: BlockBlob`); holds a signature. */
  readonly uploadUrl: string;
}

export interface DemoInput {
  readonly csvFile: string;
  readonly listingFile: string;
  readonly sourceContainer: string;
  /** Distinct work items, the empty one included. */
  readonly workItems: number;
  /** Rows of the CSV: one work item stands twice. */
  readonly csvRows: number;
  /** Work items that the listing does not name. */
  readonly emptyWorkItems: number;
  /** Distinct files, the missing one included. */
  readonly files: number;
  readonly listingRows: number;
  /** Bytes of all these files. */
  readonly bytes: number;
  readonly missing: MissingBlob;
  /** Every file, the missing one included. */
  readonly expected: readonly ExpectedFile[];
}

interface MadeFile {
  readonly workItem: PlannedDemoWorkItem;
  readonly file: PlannedDemoFile;
  readonly expected: ExpectedFile;
}

/**
 * Fills the emulator's source container and writes `failed_workitems.csv` and `listing.csv`. Repeating it with the
 * same seed gives the same again.
 *
 * @throws ServiceFailure when the emulator refuses; the signal's reason when it aborts
 */
export async function makeDemoInput(options: DemoInputOptions): Promise<DemoInput> {
  const seed = options.seed ?? 1;
  const plan = planDemo(seed, { ...DEMO_SCALE, ...options.scale });
  const source = await DemoSource.open(
    options.surroundings,
    options.connectionString,
    options.sourceContainer ?? DEFAULT_SOURCE_CONTAINER,
  );
  await source.create(options.signal);
  await mkdir(options.folder, { recursive: true });

  const made = await makeFiles(plan, source, options);
  const rows = listingRows(made, source, new DemoRandom(seed + 1));
  const csv = csvRows(plan, new DemoRandom(seed + 2));
  const csvFile = join(options.folder, "failed_workitems.csv");
  const listingFile = join(options.folder, "listing.csv");
  writeCsv(csvFile, ["JobId", "WorkItemId"], csv);
  writeCsv(
    listingFile,
    ["JobId", "WorkItemId", "WorkItemName", "Uri", "FileName", "Length", "ContentMD5"],
    rows,
  );
  const expected = made.map((one) => one.expected);
  return {
    csvFile,
    listingFile,
    sourceContainer: source.containerName,
    workItems: plan.workItems.length,
    csvRows: csv.length,
    emptyWorkItems: plan.workItems.filter((workItem) => workItem.files.length === 0).length,
    files: expected.length,
    listingRows: rows.length,
    bytes: expected.reduce((sum, file) => sum + file.length, 0),
    missing: await missingBlob(plan, source, options.folder),
    expected,
  };
}

/** Puts the missing blob into the source container, as the owner of the source would. */
export async function addMissingBlob(missing: MissingBlob, options: { signal: AbortSignal }): Promise<void> {
  const response = await fetch(missing.uploadUrl, {
    method: "PUT",
    headers: { "x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream" },
    body: await readFile(missing.contentFile),
    signal: options.signal,
  });
  if (response.status !== 201 || !response.headers.has("x-ms-request-id"))
    throw new Error(`the missing blob was not taken: ${response.status} ${response.statusText}`);
}

/** Generates and uploads all files but the missing one; gives them in the plan's order. */
async function makeFiles(plan: DemoPlan, source: DemoSource, options: DemoInputOptions): Promise<MadeFile[]> {
  const planned = plan.workItems.flatMap((workItem) => workItem.files.map((file) => ({ workItem, file })));
  const made: MadeFile[] = [];
  let uploaded = 0;
  await forEach(planned.entries(), options.signal, async ([place, { workItem, file }], signal) => {
    const content = makeContent(workItem, file);
    made[place] = { workItem, file, expected: expectFile(workItem, file, content) };
    if (file === plan.missing.file) return;
    await source.put(file.sourceName, content, signal);
    options.onProgress?.(++uploaded, planned.length - 1);
  });
  return made;
}

/** Does the work for all, some at once; the first error ends the others. */
async function forEach<T>(
  items: Iterator<T> & Iterable<T>,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, either);
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      either.throwIfAborted();
      await work(next.value, either);
    }
  });
  try {
    await Promise.all(workers);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
}

function makeContent(workItem: PlannedDemoWorkItem, file: PlannedDemoFile): Buffer {
  const header = { jobId: workItem.jobId, workItemId: workItem.workItemId, fileName: file.fileName };
  return demoContent(header, file.length, file.contentStart);
}

function expectFile(workItem: PlannedDemoWorkItem, file: PlannedDemoFile, content: Buffer): ExpectedFile {
  const { jobId, workItemId, workItemName } = workItem;
  const baseName = file.fileName.slice(file.fileName.lastIndexOf("/") + 1);
  return {
    jobId,
    workItemId,
    workItemName,
    fileName: file.fileName,
    blobName: `${workItemName === "" ? workItemId : workItemName}-${baseName}`,
    length: content.length,
    md5: hash("md5", content, "base64"),
  };
}

/** The listing's rows in no order; some stand twice, half of those with the other kind of link. */
function listingRows(made: readonly MadeFile[], source: DemoSource, random: DemoRandom): string[][] {
  const sas = source.sas("r");
  const listingRow = ({ workItem, file, expected }: MadeFile, hasSas: boolean): string[] => [
    workItem.jobId,
    workItem.workItemId,
    workItem.workItemName,
    `${source.sourceUri(file.sourceName)}${hasSas ? sas : ""}`,
    file.fileName,
    file.isStated ? String(expected.length) : "",
    file.isStated ? expected.md5 : "",
  ];
  const repeated = random.shuffled(made).slice(0, 2 + Math.floor(made.length * REPEATED_ROWS));
  return random.shuffled([
    ...made.map((one) => listingRow(one, one.file.hasSas)),
    ...repeated.map((one, place) => listingRow(one, place % 2 === 0 ? one.file.hasSas : !one.file.hasSas)),
  ]);
}

function csvRows(plan: DemoPlan, random: DemoRandom): string[][] {
  return random
    .shuffled([...plan.workItems, plan.repeated])
    .map((workItem) => [workItem.jobId, workItem.workItemId]);
}

async function missingBlob(plan: DemoPlan, source: DemoSource, folder: string): Promise<MissingBlob> {
  const { workItem, file } = plan.missing;
  const content = makeContent(workItem, file);
  const contentFile = join(folder, "missing-blob.json");
  writeNewSync(contentFile, content);
  const uri = source.sourceUri(file.sourceName);
  return {
    ...expectFile(workItem, file, content),
    uri,
    contentFile,
    uploadUrl: `${uri}${source.sas("cw")}`,
  };
}

function writeCsv(path: string, header: readonly string[], rows: readonly string[][]): void {
  const lines = [header, ...rows].map((row) => row.map(csvField).join(","));
  writeNewSync(path, `${lines.join("\n")}\n`);
}
