/** What the account knows of a run's other machines, as a report for the end of this machine's part. */
import type { PartitionView, RunView } from "../machines/machines.ts";
import type { OtherPartition, OthersReport } from "../report/others-report.ts";

/** Partitions that are named one by one; of the others only their number is told. */
const MOST_NAMED = 8;

/**
 * @param look `isComplete` only when that was proved
 * @param own the partition that has just ended here
 * @returns undefined when nothing is left to say: the others are done, but that was not proved
 */
export function reportOthers(
  { isComplete, run }: { readonly isComplete: boolean; readonly run: RunView },
  own: number,
): OthersReport | undefined {
  const { totalPartitions } = run.read.manifest;
  // A run of the whole CSV has no others.
  if (totalPartitions === 1) return undefined;
  if (isComplete) return { totalPartitions, isComplete, notDone: 0, partitions: [] };
  const others = run.partitions.filter(
    ({ partition, record, lease }) => partition !== own && (record?.state !== "done" || lease === "leased"),
  );
  if (others.length === 0) return undefined;
  const partitions = others.slice(0, MOST_NAMED).map((view) => reportPartition(view));
  return { totalPartitions, isComplete, notDone: others.length, partitions };
}

function reportPartition({ partition, record, lease }: PartitionView): OtherPartition {
  // What a repartition made of former partitions has no holder yet.
  if (record === undefined || record.epoch === 0)
    return { partition, state: "not-started", host: undefined, leftMs: undefined };
  const { host, etaMs } = record;
  if (lease === "leased") return { partition, state: "running", host, leftMs: etaMs };
  return { partition, state: lease === "expired" ? "died" : "left", host, leftMs: undefined };
}
