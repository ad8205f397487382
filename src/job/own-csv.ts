/** The CSV of this machine's state, and the run that the account knows of it. */
import { type Checkpoint, checkpointCounts } from "../core/checkpoint.ts";
import { ReuploadError } from "../core/errors.ts";
import { BlobNames, type RunKey } from "../machines/blob-names.ts";
import { type LocatedRun, locateRun } from "../machines/grown-csv.ts";
import type { ManifestContext } from "../machines/generation.ts";
import type { Manifest } from "../machines/manifest.ts";
import { ATTEMPT_MS } from "../machines/repeated-calls.ts";
import type { Message } from "../report/messages.ts";
import type { RunRecord } from "../state/run-record.ts";
import type { StateSummary } from "../state/ledger.ts";
import { abortAfter } from "../surroundings/surroundings.ts";

/** A run in the account, as a start found it. */
export interface FoundRun extends LocatedRun {
  readonly names: BlobNames;
}

/**
 * The run that the account knows of a state's CSV, or of one of its CSVs before `--update-csv`.
 *
 * @param ahead what was found a moment ago, which counts when it is of the state's only CSV
 */
export async function locateStatesRun(
  place: Pick<ManifestContext, "account" | "surroundings">,
  { identity, input }: Pick<RunRecord, "identity" | "input">,
  signal: AbortSignal,
  ahead?: RunAhead,
): Promise<FoundRun> {
  const { target, csvDigest } = identity;
  const isAhead = ahead?.csvDigest === csvDigest && input.formerCsvs === undefined;
  const found = isAhead ? await ahead.found : undefined;
  if (found !== undefined) return found;
  const digests = [...(input.formerCsvs ?? []), csvDigest];
  const located = await locateRun(place, { target, digests }, signal);
  return { ...located, names: BlobNames.forRun(located.run) };
}

/** The run of a CSV, looked for before its state is there; undefined when it was not found out. */
export interface RunAhead {
  readonly csvDigest: string;
  readonly found: Promise<FoundRun | undefined>;
}

/** Looks for the run of a CSV, once and for 5 s at most. Never throws. */
export function locateAhead(
  place: Pick<ManifestContext, "account" | "surroundings">,
  key: RunKey,
  signal: AbortSignal,
): RunAhead {
  const { target, csvDigest } = key;
  const once = AbortSignal.any([signal, abortAfter(place.surroundings, ATTEMPT_MS)]);
  const found = locateRun(place, { target, digests: [csvDigest] }, once)
    .then((located) => ({ ...located, names: BlobNames.forRun(located.run) }))
    .catch((): undefined => undefined);
  return { csvDigest, found };
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
