/** What the other machines of a run do, in sentences for the end of one machine's part. */
import type { PartitionView, RunView } from "../machines/machines.ts";

/** Partitions that are named one by one; of more only their number is told. */
const MOST_NAMED = 8;

/**
 * @param own the partition that has just ended here
 * @returns lines such as `partition 1 on HOST still runs, about 3 h left`; one line when the whole run is done
 */
export function describeOthers(
  { isComplete, run }: { readonly isComplete: boolean; readonly run: RunView },
  own: number,
): readonly string[] {
  const total = run.read.manifest.totalPartitions;
  // A run of the whole CSV has no others.
  if (total === 1) return [];
  if (isComplete) return [`all ${total} partitions are done`];
  const others = run.partitions.filter(({ partition, record, lease }) => {
    return partition !== own && (record?.state !== "done" || lease === "leased");
  });
  if (others.length === 0) return [];
  const lines = others.slice(0, MOST_NAMED).map((view) => describePartition(view));
  const more = others.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${more} more partitions that are not done`];
}

function describePartition({ partition, record, lease }: PartitionView): string {
  const name = `partition ${partition}`;
  // What a repartition made of former partitions has no holder yet.
  if (record === undefined || record.epoch === 0) return `${name} was not started yet`;
  if (lease === "leased") {
    const left = record.etaMs === undefined ? "" : `, about ${roughTime(record.etaMs)} left`;
    return `${name} on ${record.host} still runs${left}`;
  }
  if (lease === "expired") return `${name} on ${record.host} has died: resume it there, or give --take-over`;
  return `${name} was left unfinished by ${record.host}: resume it there, or start it elsewhere`;
}

/** @param ms as a person would say it: `40 s`, `12 min`, `3 h` */
function roughTime(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
