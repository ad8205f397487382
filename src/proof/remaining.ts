/**
 * The work items that are not completed, as a CSV that `run` reads: for another machine, another partitioning, or
 * to look at. When in doubt a work item is in it: done twice it finds its blobs already there, left out it is lost.
 */
import { CsvDigest, SeenKeys } from "../core/csv-digest.ts";
import { csvField } from "../core/csv-field.ts";
import { DamagedIds } from "../core/damaged-ids.ts";
import { ReuploadError } from "../core/errors.ts";
import type { FailureCode } from "../core/failure.ts";
import { choosePartition } from "../core/partition.ts";
import type { WorkItem } from "../core/work-item.ts";
import { type InputSource, readWorkItems } from "../input/input.ts";
import { checkFit } from "../progress/progress.ts";
import type { RemainingWorkItem, StateReader } from "../state/state-reader.ts";
import type { RunRecord } from "../state/run-record.ts";

export interface RemainingOptions {
  /** States of one run, each partition at most once; at least one. */
  readonly states: readonly { readonly stateDb: string; readonly reader: StateReader }[];
  /** The run's CSV. With it its rows are given as they stand there, those of partitions without a state too. */
  readonly csv: InputSource | undefined;
  /** Only work items in which something failed, in any way or with one of these codes. */
  readonly failedOnly: "all" | readonly FailureCode[] | undefined;
  readonly signal: AbortSignal;
}

export interface RemainingResult {
  /** Rows written, without the header. */
  readonly rows: number;
  /** Of these, rows of partitions whose state is not among those given. */
  readonly rowsOfMissing: number;
  readonly missingPartitions: readonly number[];
  readonly totalPartitions: number;
  /** Rows of the CSV that are no work item and are not written. */
  readonly rejected: number;
  /** What of the CSV deserves the operator's look. */
  readonly warning: string | undefined;
}

type Write = (text: string) => Promise<void>;

/**
 * Writes the CSV, in UTF-8. What was written is worth nothing when it throws.
 *
 * @throws ReuploadError `identity-mismatch` when the states do not fit together or the CSV is not theirs, `usage` when
 * states are missing and there is no CSV to take their rows from, and those of `ReadWorkItems` and `StateReader`
 */
export async function writeRemaining(options: RemainingOptions, write: Write): Promise<RemainingResult> {
  const runs = await Promise.all(
    options.states.map(async ({ stateDb, reader }) => ({ stateDb, run: (await reader.read()).run })),
  );
  const { mismatches, missingPartitions } = checkFit(runs);
  const [first] = runs;
  if (first === undefined || mismatches.length > 0) throw doNotFit(mismatches);
  const { totalPartitions } = first.run.identity;
  const missing = new Set(missingPartitions);
  if (missing.size > 0 && options.csv === undefined && options.failedOnly === undefined) {
    throw statesMissing(missingPartitions, totalPartitions);
  }
  const written =
    options.csv === undefined
      ? {
          rows: await writeStates(options, write),
          rowsOfMissing: 0,
          rejected: first.run.input.rejected,
          warning: undefined,
        }
      : await writeRows(options, options.csv, first, missing, write);
  return { ...written, missingPartitions, totalPartitions };
}

/** Gives how many rows were written. */
async function writeStates(options: RemainingOptions, write: Write): Promise<number> {
  return writeWorkItems(wantedOf(options), write);
}

/** Writes work items as a CSV that `run` reads. @returns how many rows were written, without the header */
export async function writeWorkItems(all: AsyncIterable<readonly WorkItem[]>, write: Write): Promise<number> {
  await write("JobId,WorkItemId,WorkItemName\n");
  let rows = 0;
  for await (const workItems of all) {
    await write(workItems.map((workItem) => remainingLine(workItem)).join(""));
    rows += workItems.length;
  }
  return rows;
}

function remainingLine({ jobId, workItemId, workItemName }: WorkItem): string {
  return `${[jobId, workItemId, workItemName].map((value) => csvField(value)).join(",")}\n`;
}

async function* wantedOf({ states, failedOnly, signal }: RemainingOptions) {
  for (const { reader } of states) {
    for await (const workItems of reader.remaining({ signal })) {
      yield workItems.filter((workItem) => isWanted(workItem, failedOnly));
    }
  }
}

function isWanted(
  { hasFailed, failedWith }: RemainingWorkItem,
  failedOnly: RemainingOptions["failedOnly"],
): boolean {
  if (failedOnly === undefined) return true;
  return failedOnly === "all" ? hasFailed : failedWith.some((code) => failedOnly.includes(code));
}

async function writeRows(
  options: RemainingOptions,
  csv: InputSource,
  first: { readonly stateDb: string; readonly run: RunRecord },
  missing: ReadonlySet<number>,
  write: Write,
) {
  // 64 bits of each key: one that is taken for another is written although it is done, which harms nothing.
  const wanted = new SeenKeys();
  for await (const workItems of wantedOf(options)) for (const workItem of workItems) wanted.add(workItem);
  const { csvDigest, totalPartitions } = first.run.identity;
  const takesMissing = missing.size > 0 && options.failedOnly === undefined;
  const isOfMissing = ({ workItemId }: WorkItem) =>
    takesMissing && missing.has(choosePartition(workItemId, totalPartitions));
  const digest = new CsvDigest();
  const damaged = new DamagedIds();
  const result = { rows: 0, rowsOfMissing: 0, rejected: 0 };
  let header: string | undefined;
  let lineEnd = "\n";
  const onHeader = (found: { raw: string; lineEnd: string }) => {
    ({ lineEnd } = found);
    header = found.raw + lineEnd;
  };
  for await (const batch of readWorkItems(csv, { signal: options.signal, onHeader })) {
    let text = header ?? "";
    header = "";
    for (const row of batch) {
      if (row.kind === "rejected") {
        result.rejected++;
        continue;
      }
      digest.add(row.workItem);
      damaged.look(row.workItem, row.line);
      const ofMissing = isOfMissing(row.workItem);
      if (!ofMissing && !wanted.has(row.workItem)) continue;
      text += (row.raw ?? "") + lineEnd;
      result.rows++;
      if (ofMissing) result.rowsOfMissing++;
    }
    if (text !== "") await write(text);
  }
  // A CSV without rows came without a batch.
  await write(header ?? "");
  if (digest.toString() !== csvDigest) throw anotherCsv(csv.path, first.stateDb);
  return { ...result, warning: damaged.warning("the CSV") };
}

function doNotFit(mismatches: readonly string[]): ReuploadError {
  return new ReuploadError("identity-mismatch", `The states do not fit together: ${mismatches.join("; ")}.`, {
    advice: "Give the states of one run, each only once.",
  });
}

function statesMissing(missing: readonly number[], total: number): ReuploadError {
  const [which] = missing;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  return new ReuploadError("usage", `No state of partition ${which}${more} of ${total} is given.`, {
    advice:
      "Give the state of every machine, or the CSV of the run with --csv: reupload takes the rows of partitions without a state from it.",
  });
}

function anotherCsv(path: string, stateDb: string): ReuploadError {
  const name = path === "-" ? "standard input" : path;
  return new ReuploadError("identity-mismatch", `${name} is not the CSV of the run in ${stateDb}.`, {
    advice:
      "Give the CSV that the run was started with (or last resumed with, by --update-csv), or omit --csv.",
  });
}
