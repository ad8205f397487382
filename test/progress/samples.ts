import type { LiveFigures, ProgressSample, Waiting } from "../../src/progress/progress.ts";
import type { StateReading, Writer } from "../../src/state/state-reader.ts";
import type { StateSummary } from "../../src/state/ledger.ts";
import type { Heartbeat } from "../../src/state/run-presence.ts";

export const LIVE: LiveFigures = {
  slots: 200,
  slotsInUse: 187,
  openWorkItems: 20,
  retries: 4,
  throttles: 1,
  hedges: 2,
  waiting: [],
  state: "running",
  pausedBy: [],
};

export const GONE: Waiting = {
  what: "target account.blob.core.windows.net",
  since: Date.UTC(2026, 6, 1, 12, 0, 5),
  advice: "run `az login`",
  throttled: false,
};

export interface SummaryParts {
  readonly workItems?: Partial<StateSummary["workItems"]>;
  readonly notLookedUp?: number;
  /** As many as `notLookedUp` when it is not given: no survey. */
  readonly notSurveyed?: number;
  readonly files?: Partial<StateSummary["files"]>;
  readonly drift?: StateSummary["drift"];
  readonly bytes?: number;
}

/** No work item in any status. */
export const NO_WORK_ITEMS: StateSummary["workItems"] = {
  pending: 0,
  in_progress: 0,
  completed: 0,
  empty: 0,
  failed: 0,
  skipped: 0,
  elsewhere: 0,
  not_mine: 0,
};

/** A summary in which everything that is not given is 0. */
export function summaryOf(parts: SummaryParts): StateSummary {
  const { workItems, notLookedUp = 0, notSurveyed = notLookedUp, files, drift, bytes = 0 } = parts;
  return {
    workItems: { ...NO_WORK_ITEMS, ...workItems },
    notLookedUp,
    notSurveyed,
    files: {
      total: 0,
      copied: 0,
      alreadyThere: 0,
      elsewhere: 0,
      failed: 0,
      skipped: 0,
      uploaded: 0,
      announced: 0,
      duplicates: 0,
      leftOut: 0,
      shortened: 0,
      expected: 0,
      ...files,
    },
    drift: drift ?? { workItems: 0, filesAdded: 0, filesVanished: 0 },
    bytes,
  };
}

export function sampleAt(
  seconds: number,
  parts: SummaryParts,
  waiting: readonly Waiting[] = [],
): ProgressSample {
  return { at: seconds * 1_000, summary: summaryOf(parts), live: { ...LIVE, waiting } };
}

export function beatOf(parts: Partial<Heartbeat> = {}): Heartbeat {
  return { at: 0, ...LIVE, ...parts };
}

/** A process works on the state. */
export const RUNNING = {
  kind: "running",
  pid: 4711,
  host: "machine1",
  since: Date.UTC(2026, 6, 1, 12, 0, 5),
  heartbeat: beatOf(),
} as const satisfies Writer;

export interface ReadingParts extends SummaryParts {
  readonly runId?: string;
  readonly csvDigest?: string;
  readonly target?: string;
  readonly partition?: number | "auto";
  readonly totalPartitions?: number;
  readonly rejected?: number;
  readonly writer?: Writer;
}

/** A reading of a state on which a process works. */
export function readingOf(parts: ReadingParts = {}): StateReading {
  const { partition = 0, totalPartitions = 1, rejected = 0 } = parts;
  return {
    run: {
      runId: parts.runId ?? `run-${partition}`,
      identity: {
        csvDigest: parts.csvDigest ?? "30-abc",
        target: parts.target ?? "https://account.blob.core.windows.net/results",
        queue: "resultsqueue",
        partition,
        totalPartitions,
        nameTemplate: "{workItemName}-{fileBaseName}",
        catalog: "listing:files.csv",
      },
      settings: {},
      input: { rows: 30, ours: 30 - rejected, duplicates: 0, rejected, otherPartitions: 0 },
      createdAt: 0,
    },
    starts: 1,
    summary: summaryOf(parts),
    writer: parts.writer ?? RUNNING,
  };
}
