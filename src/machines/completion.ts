/** Whether the whole run is done: proved from the records of all partitions, and written into the manifest. */
import { BlobNames } from "./blob-names.ts";
import { giftNumber } from "../core/sub-partition.ts";
import { changeManifest, type ManifestContext, type ReadManifest, readManifest } from "./generation.ts";
import { decodeSummary, type RecordSummary } from "./record.ts";
import { untilAnswered } from "./repeated-calls.ts";
import { sleep } from "../surroundings/surroundings.ts";
import type { BlobFacts, LeaseStatus } from "./coordination-account.ts";
import type { Manifest } from "./manifest.ts";

const LOOK_AGAIN_MS = 500;

/** A partition as its record tells it. */
export interface PartitionView {
  readonly partition: number;
  readonly lease: LeaseStatus;
  /** undefined: nobody has begun it. */
  readonly record: RecordSummary | undefined;
  /** When its record was last written, by the service's clock, ms since the epoch. */
  readonly lastModified: number | undefined;
}

export interface RunView {
  readonly read: ReadManifest;
  /** All of them, by number; those without a record too. Then the sub-partitions that were made. */
  readonly partitions: readonly PartitionView[];
  /** The service's clock at the list's answer, ms since the epoch. */
  readonly date: number;
}

/**
 * The run as the account knows it: the manifest first, then all records by one list.
 *
 * @param known the manifest as it was read a moment ago
 * @returns undefined when there is no run
 * @throws what `untilAnswered` and the readers throw
 */
export async function viewRun(
  context: ManifestContext,
  signal: AbortSignal,
  known?: ReadManifest,
): Promise<RunView | undefined> {
  const read = known ?? (await readManifest(context, signal));
  if (read === undefined) return undefined;
  const { blobs, date } = await untilAnswered(context.surroundings, signal, async (call) =>
    context.account.list(context.names.records(read.manifest.generation), call),
  );
  return { read, partitions: viewPartitions(read.manifest, blobs), date };
}

/** All partitions of the run, as `RunView` has them. @param blobs the records of its generation */
export function viewPartitions(
  { totalPartitions }: Pick<Manifest, "totalPartitions">,
  blobs: readonly BlobFacts[],
): PartitionView[] {
  const found = new Map(blobs.map((blob) => [BlobNames.partitionOfRecord(blob.name), blob]));
  const whole = Array.from({ length: totalPartitions }, (_, partition) => partition);
  const subs = [...found.keys()].filter((partition) => giftNumber(partition) > 0);
  return [...whole, ...subs].map((partition): PartitionView => {
    const blob = found.get(partition);
    return {
      partition,
      lease: blob?.lease ?? "available",
      record: blob === undefined ? undefined : decodeSummary(blob.metadata),
      lastModified: blob?.lastModified,
    };
  });
}

/**
 * Whether every partition is done and given back, and all counts add up to the CSV's. With `auto` nobody takes a partition
 * without work items: the counts prove that those without a record have none. A work item that was given away counts in its
 * sub-partition alone, so one that is not made, or that nobody has taken, is missing in the sum.
 */
export function isAllDone({ read: { manifest }, partitions }: RunView): boolean {
  const isDone = ({ lease, record }: PartitionView) =>
    record === undefined ? manifest.mode === "auto" : record.state === "done" && lease !== "leased";
  const areDone = partitions.every(isDone);
  const workItems = partitions.reduce((sum, { record }) => sum + (record?.counts.workItems ?? 0), 0);
  return areDone && workItems === manifest.csv.workItems;
}

/** Whether the run of a generation is complete, and the run as it was seen for that; undefined when it is gone. */
export interface RunProof {
  readonly isComplete: boolean;
  readonly run: RunView | undefined;
}

/**
 * Closes the run when it is done. The manifest is read before the records are listed and written on the condition that
 * it is still the same, so that a partition that was opened again meanwhile is noticed.
 *
 * @param context with the machine's CSV: who does not have the newest one proves nothing
 * @param known the manifest as it was read a moment ago, which counts while it says open: a change since then is noticed at
 * the write
 * @throws as `viewRun` does
 */
export async function closeIfDone(
  context: ManifestContext & { readonly csv?: Pick<Manifest["csv"], "digest"> },
  generation: number,
  signal: AbortSignal,
  known?: ReadManifest,
): Promise<RunProof> {
  for (let first = known?.manifest.state === "open" ? known : undefined; ; first = undefined) {
    const run = await viewRun(context, signal, first);
    if (run === undefined || run.read.manifest.generation !== generation) return { isComplete: false, run };
    const { csv, state } = run.read.manifest;
    if (context.csv !== undefined && context.csv.digest !== csv.digest) return { isComplete: false, run };
    if (state === "closed") return { isComplete: true, run };
    if (state === "opening" || !isAllDone(run)) return { isComplete: false, run };
    const read = await changeManifest(context, run.read, { state: "closed" }, signal);
    if (read !== undefined) return { isComplete: true, run: { ...run, read } };
    await sleep(context.surroundings, LOOK_AGAIN_MS, signal);
  }
}
