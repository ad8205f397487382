/**
 * The one progress model: from samples of the state's counters and the pipeline's live figures to rates, an ETA and
 * what is waited for. Whatever shows progress (live block, plain lines, NDJSON, `status`, the monitor) shows a
 * `ProgressView`: `ProgressModel` makes it for one state, `FleetWatch` adds up those of several,
 * `pictureRun` those of a whole run as the account knows it. Nothing else computes a rate.
 */
import type { StateSummary } from "../state/ledger.ts";
import type { Heartbeat, Waiting } from "../state/run-presence.ts";

export type { FleetFailures, FleetWorkItem } from "./fleet-details.ts";
export type { EstimateRow } from "./estimate.ts";
export { checkFit } from "./fleet-fit.ts";
export type { FleetView } from "./fleet.ts";
export type { MachineView } from "./machine-watch.ts";
export type { Pace, PaceStep } from "./pace.ts";
export type { MachineRow } from "./run-machines.ts";
export { partEta } from "./run-picture.ts";
export type { RunFacts, RunPart, RunPicture } from "./run-picture.ts";
export type { StateDifference } from "./state-check.ts";
export type { Waiting };

/** The running process's own figures, live or from its last heartbeat. */
export interface LiveFigures extends Omit<Heartbeat, "at"> {
  /** What holds the slots back more than anything else: `queue`, `--max-requests`; undefined when nothing does. */
  readonly limitedBy?: string | undefined;
}

/** A run whose partitions are taken as they get free, as a machine saw it last. total = done + here + elsewhere + free */
export interface RunParts {
  readonly total: number;
  /** Those without work items are among them. */
  readonly done: number;
  readonly here: number;
  readonly elsewhere: number;
  readonly free: number;
  /** Other machines that hold partitions, and the files that they finish a second. */
  readonly others: number;
  readonly filesPerSecondElsewhere: number;
  /** Of the whole run, by its survey; undefined while nobody has counted them. */
  readonly files?: number | undefined;
}

export interface ProgressSample {
  /** Monotonic ms. */
  readonly at: number;
  readonly summary: StateSummary;
  readonly live: LiveFigures;
  readonly parts?: RunParts | undefined;
}

/** Where the run stands. Every work item and every file is in exactly one class, so the parts add up to `total`. */
export interface ProgressView {
  /** Since this start. */
  readonly elapsedMs: number;
  /** total = done + empty + failed + skipped + left */
  readonly workItems: {
    readonly total: number;
    /** Here, or by another machine before its partition came here. */
    readonly done: number;
    readonly empty: number;
    readonly failed: number;
    readonly skipped: number;
    /** Those of partitions that are not here are among them. */
    readonly left: number;
    /** Of those left, claimed by this machine. */
    readonly inProgress: number;
  };
  /** total = done + failed + skipped + left */
  readonly files: {
    /** All files of the run; an estimate unless `totalIsKnown`; undefined while nothing is known at all. */
    readonly total: number | undefined;
    readonly totalIsKnown: boolean;
    /** In the target and announced, where that is wanted: copied + already there + done elsewhere. */
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly left: number | undefined;
    /** Left out by the run's filter, as far as is known; not in `total`. */
    readonly leftOut: number;
  };
  /** Bytes in the target by this run, where they are known. */
  readonly bytes: number;
  /** What this start did: files and work items finished in any way, and bytes. What was done before is not in it. */
  readonly thisStart: { readonly files: number; readonly bytes: number; readonly workItems: number };
  /** Files finished a second over the last 10 s; undefined until there are 2 s to judge by. */
  readonly filesPerSecond: number | undefined;
  /** Work items finished a minute, over the last minute; undefined until there are 2 s to judge by. */
  readonly workItemsPerMinute: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /**
   * Time left as a range, from files left and the spread of the recent rate; undefined when it cannot be told, and
   * while a service that is gone is waited for.
   */
  readonly eta: { readonly lowMs: number; readonly highMs: number } | undefined;
  readonly live: LiveFigures;
  /** Only of a machine that takes partitions as they get free. */
  readonly parts?: RunParts | undefined;
}
