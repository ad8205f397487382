/** The CSV of this machine's state, and the run that the account knows of it. */
import { type Checkpoint, checkpointCounts } from "../core/checkpoint.ts";
import { ReuploadError } from "../core/errors.ts";
import { BlobNames } from "../machines/blob-names.ts";
import { type LocatedRun, locateRun } from "../machines/grown-csv.ts";
import type { ManifestContext } from "../machines/generation.ts";
import type { Manifest } from "../machines/manifest.ts";
import type { Message } from "../report/messages.ts";
import type { RunRecord } from "../state/run-record.ts";
import type { StateSummary } from "../state/ledger.ts";

/** A run in the account, as a start found it. */
export interface FoundRun extends LocatedRun {
  readonly names: BlobNames;
}

/** The run that the account knows of a state's CSV, or of one of its CSVs before `--update-csv`. */
export async function locateStatesRun(
  place: Pick<ManifestContext, "account" | "surroundings">,
  { identity, input }: Pick<RunRecord, "identity" | "input">,
  signal: AbortSignal,
): Promise<FoundRun> {
  const { target, csvDigest } = identity;
  const digests = [...(input.formerCsvs ?? []), csvDigest];
  const located = await locateRun(place, { target, digests }, signal);
  return { ...located, names: BlobNames.forRun(located.run) };
}

/** What the manifest says of the CSV. */
export function describeCsv(
  { identity, input }: Pick<RunRecord, "identity" | "input">,
  fileName: string,
  sample: readonly string[],
): Manifest["csv"] {
  const { rows, ours, otherPartitions, rejected } = input;
  return {
    digest: identity.csvDigest,
    rows,
    workItems: ours + otherPartitions,
    rejected,
    fileName,
    sample,
  };
}

/** For a machine whose run got a newer CSV while it worked: it has done its rows of the one before. */
export function newerCsv({ fileName, rows }: Pick<Manifest["csv"], "fileName" | "rows">): Message {
  const message = `the CSV of this run has grown: it is ${fileName} (${rows} rows) now. The run is not complete until this partition has its new rows: resume it with --update-csv (reupload run --resume --update-csv --csv ${fileName} --state-db FILE)`;
  return { type: "notice", level: "warning", message };
}

/**
 * Whether a checkpoint was refused because it is of the CSV before `--update-csv`: its bits mean other rows, and must not
 * be read.
 *
 * @param mayBeOlder the state's CSV has grown, or its partition is taken over
 */
export function isOfFormerCsv(
  thrown: unknown,
  { rows, partition }: Pick<Checkpoint, "rows" | "partition">,
  own: {
    readonly partition: number;
    readonly workItems: StateSummary["workItems"];
    readonly mayBeOlder: boolean;
  },
): boolean {
  const all = Object.values(own.workItems).reduce((sum, count) => sum + count, 0);
  const isRefused = thrown instanceof ReuploadError && thrown.code === "checkpoint-unusable";
  return isRefused && own.mayBeOlder && partition === own.partition && rows.count < all;
}

/** What is to be told of a checkpoint that is not read; undefined when the state knows as much itself. */
export function tellUnread(checkpoint: Checkpoint, { workItems }: StateSummary): string | undefined {
  const { done } = checkpointCounts(checkpoint).workItems;
  if (done <= workItems.completed + workItems.empty + workItems.elsewhere) return undefined;
  return `the checkpoint of partition ${checkpoint.partition} is of the CSV before --update-csv and is not read: of its ${done} work items that are done, those that this state did not do are compared and announced again`;
}
