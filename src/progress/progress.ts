/**
 * The one progress model: from snapshots of the state's counters and the pipeline's live figures to rates, an ETA and
 * what is waited for. Everything that shows progress (live block, plain lines, NDJSON, later monitor and dashboard)
 * shows a `ProgressView`; nothing else computes a rate.
 */
import type { StateSummary } from "../state/state-store.ts";

/** A service that is waited for: the outage brake is on. */
export interface Waiting {
  /** Such as `target account.blob.core.windows.net`. */
  readonly what: string;
  /** ms since the epoch. */
  readonly since: number;
  /** What the operator can do, such as `run: az login`. */
  readonly advice: string;
  /** Asked to slow down (Retry-After) rather than gone. */
  readonly throttled: boolean;
}

/** The pipeline's live figures since this start; counters only grow. */
export interface LiveFigures {
  readonly slots: number;
  readonly slotsInUse: number;
  readonly openWorkItems: number;
  readonly retries: number;
  readonly throttles: number;
  readonly waiting: readonly Waiting[];
}

export interface ProgressSample {
  /** Monotonic ms. */
  readonly at: number;
  readonly summary: StateSummary;
  readonly live: LiveFigures;
}

export interface ProgressView {
  readonly elapsedMs: number;
  readonly workItems: {
    readonly total: number;
    readonly done: number;
    readonly empty: number;
    readonly failed: number;
    readonly open: number;
    readonly left: number;
  };
  readonly files: {
    /** All files of the run; an estimate unless `totalIsKnown`; undefined while nothing is known at all. */
    readonly total: number | undefined;
    readonly totalIsKnown: boolean;
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly left: number | undefined;
  };
  readonly bytes: number;
  /** Over the last 10 s; undefined until there are 2 s to judge by. */
  readonly filesPerSecond: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /** Seconds left as a range, from files left and the spread of the recent rate; undefined when it cannot be told. */
  readonly eta: { readonly low: number; readonly high: number } | undefined;
  readonly live: LiveFigures;
}
