/** What a machine that takes free partitions tells of its own ones and of the others, in sentences and in numbers. */
import { giftNumber, parentPartition, partitionName } from "../core/sub-partition.ts";
import type { PartitionView, RunView } from "../machines/machines.ts";
import type { RunParts } from "../progress/progress.ts";

/** Partitions that are named one by one. */
const MOST_NAMED = 12;

/** @param own `held`: partitions of this machine; `sizes`: work items of each partition; `stateId`: of this machine's state */
export function runParts(
  { partitions }: RunView,
  own: {
    readonly held: ReadonlySet<number>;
    readonly sizes: ReadonlyMap<number, number>;
    readonly stateId: string;
  },
): RunParts {
  const isEmpty = (partition: number) => giftNumber(partition) === 0 && (own.sizes.get(partition) ?? 0) === 0;
  const done = partitions.filter(
    ({ partition, record, lease }) =>
      !own.held.has(partition) && (isEmpty(partition) || (record?.state === "done" && lease !== "leased")),
  );
  const others = partitions.filter(
    ({ partition, record, lease }) =>
      lease === "leased" && !own.held.has(partition) && record?.stateId !== own.stateId,
  );
  const rates = new Map<string, number>();
  for (const { record } of others) {
    if (record === undefined) continue;
    rates.set(record.stateId, Math.max(rates.get(record.stateId) ?? 0, record.filesPerSecond));
  }
  const [total, here, elsewhere] = [partitions.length, own.held.size, others.length];
  return {
    total,
    done: done.length,
    here,
    elsewhere,
    free: Math.max(0, total - done.length - here - elsewhere),
    others: rates.size,
    filesPerSecondElsewhere: [...rates.values()].reduce((sum, rate) => sum + rate, 0),
  };
}

/** A partition whose last word was told at the end. */
export interface GivenBack {
  readonly partition: number;
  readonly isDone: boolean;
  /** Its last facts were accepted. */
  readonly isTold: boolean;
}

/** @returns lines for the end of a machine */
export function describeGivenBack(given: readonly GivenBack[]): string[] {
  const left = given.filter(({ isDone, isTold }) => isTold && !isDone);
  const untold = given.filter(({ isTold }) => !isTold);
  return [
    ...(left.length === 0 ? [] : [`gave back ${named(left)} unfinished: another machine goes on from there`]),
    ...(untold.length === 0
      ? []
      : [`the account did not take the last word of ${named(untold)}: others may go on in 30 s`]),
  ];
}

/**
 * @param views partitions that were taken over, as they stood before
 * @param now by the service's clock, ms since the epoch
 * @returns a line for each machine that died
 */
export function describeTakeOvers(views: readonly PartitionView[], now: number | undefined): string[] {
  const byMachine = Map.groupBy(views, ({ record }) =>
    record === undefined ? "a machine" : `${record.host} (process ${record.pid})`,
  );
  return [...byMachine].map(([who, held]) => {
    const ages = held.map(({ lastModified }) => (now ?? 0) - (lastModified ?? 0));
    const age = Math.max(0, Math.round(Math.max(...ages) / 1_000));
    const told = now === undefined ? "" : `; the last checkpoint was ${age} s old`;
    return `took over ${count(held.length, "partition")} (${numbers(held)}) of ${who}, which stopped without giving ${held.length === 1 ? "it" : "them"} back${told}`;
  });
}

/** @param given sub-partitions that were made of one partition, at least one */
export function describeGift(given: readonly number[]): string {
  const from = partitionName(parentPartition(given[0] ?? 0));
  const what = given.length === 1 ? "a part" : `${given.length} parts`;
  return `gave away ${what} of partition ${from}: other machines have nothing to do`;
}

/** @param isOver the completion of the run is proved */
export function describeRun(parts: RunParts, isOver: boolean): string[] {
  if (isOver) return [`all ${parts.total} partitions are done: the run is complete`];
  return [`the run: ${describeParts(parts)}`];
}

/** What a machine waits for that has nothing to do. */
export function describeWaiting({ elsewhere, others, free }: RunParts): string {
  if (elsewhere === 0 && free > 0)
    return "a partition's machine died; it is taken over when its lease has ended";
  return `no partition is free; ${count(others, "machine")} ${others === 1 ? "works" : "work"} on ${count(elsewhere, "partition")}`;
}

function describeParts({ total, done, elsewhere, others, free }: RunParts): string {
  const held = elsewhere === 0 ? [] : [`${elsewhere} on ${count(others, "other machine")}`];
  const left = free === 0 ? [] : [`${free} free`];
  return [`${done} of ${total} partitions done`, ...held, ...left].join(", ");
}

function named(given: readonly GivenBack[]): string {
  return `${given.length === 1 ? "partition" : "partitions"} ${numbers(given)}`;
}

function numbers(partitions: readonly { readonly partition: number }[]): string {
  const all = partitions.map(({ partition }) => partition).toSorted((a, b) => a - b);
  const more = all.length - MOST_NAMED;
  return `${all.slice(0, MOST_NAMED).map(partitionName).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}
