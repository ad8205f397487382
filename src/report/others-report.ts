/** Where the other machines of a run stand when this machine's part of it has ended. */
import type { JsonFields } from "./json-forms.ts";

/** How a partition of another machine stands. */
export type OtherState =
  /** A process works on it. */
  | "running"
  /** Its process ended without a word: the lease has expired. */
  | "died"
  /** Its process ended before all was done. */
  | "left"
  /** No process has worked on it yet. */
  | "not-started";

export interface OtherPartition {
  readonly partition: number;
  readonly state: OtherState;
  /** Of the machine that works on it, or worked on it last; undefined when it was not started. */
  readonly host: string | undefined;
  /** Time that is left, as that machine estimates it, ms; undefined when it is not known, or nobody works on it. */
  readonly leftMs: number | undefined;
}

export interface OthersReport {
  readonly totalPartitions: number;
  /** Every partition of the run is done. */
  readonly isComplete: boolean;
  /** Partitions of others that are not done, or that their machine still holds. */
  readonly notDone: number;
  /** The first of them, by number. */
  readonly partitions: readonly OtherPartition[];
}

/** The data of the `other-machines` event, as docs/events.md lists it. */
export function othersJson({ totalPartitions, isComplete, notDone, partitions }: OthersReport): JsonFields {
  return {
    totalPartitions,
    isComplete,
    notDone,
    partitions: partitions.map(({ partition, state, host, leftMs }) => ({
      partition,
      state,
      host: host ?? null,
      leftMs: leftMs === undefined ? null : Math.round(leftMs),
    })),
  };
}
