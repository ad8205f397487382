/**
 * A state as others read it: beside a running process or after it ended, without changing it. Kind: `sqlite/`.
 */
import type { FailureCode } from "../core/failure.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { FailureGroup, Heartbeat, RunRecord, StartEnding, StateSummary } from "./state-store.ts";

/** Whether a process has the state open for writing, and what it said last. */
export type Writer =
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly host: string;
      /** ms since the epoch. */
      readonly since: number;
      /** undefined until the first one, about a second after the start. */
      readonly heartbeat: Heartbeat | undefined;
    }
  /**
   * The last start came to its end, in one way or another (`ending` undefined: it did not say in which); or the state
   * is a copy made by `SnapshotState` at this time while a process wrote to it.
   */
  | { readonly kind: "ended"; readonly at: number; readonly ending: StartEnding | undefined }
  /**
   * The last start was killed: nothing is lost, `--resume` goes on. `at`: its last sign of life.
   * `copy` says that this is a copy of a state that was in use. `of-running`: the process is at work on this machine, on
   * another file. `without-log`: what was not moved out of the log when it was copied is missing (after a power cut, too).
   */
  | { readonly kind: "died"; readonly at: number; readonly copy: "of-running" | "without-log" | undefined };

/** A work item in progress whose files are known. */
export interface OpenWorkItemView {
  readonly workItem: WorkItem;
  /** ms since the epoch. */
  readonly since: number;
  readonly filesTotal: number;
  /** Completed, skipped or failed. */
  readonly filesDone: number;
}

/** One reading of the state, consistent in itself: everything is of the same commit. */
export interface StateReading {
  readonly run: RunRecord;
  readonly summary: StateSummary;
  readonly writer: Writer;
}

export interface StateReader {
  /** Reads where the run stands now; never scans the files. @throws ReuploadError `state-corrupt` */
  read(): StateReading;

  /** Failures and skips grouped by outcome and code, most first; counted beforehand, so that it takes no time. */
  failures(): FailureGroup[];

  /** The work items in progress that were opened first, at most `max`. */
  slowest(max: number): OpenWorkItemView[];

  /**
   * The work items of this state that are not completed or empty, in input order and in batches; `failedWith` gives
   * the codes of what failed in them.
   */
  remaining(options: {
    signal: AbortSignal;
  }): AsyncIterable<readonly (WorkItem & { readonly failedWith: readonly FailureCode[] })[]>;

  close(): void;
}

/**
 * Opens a state for reading; the writer, when there is one, goes on undisturbed.
 *
 * @throws ReuploadError those of InspectState, and `state-missing` when no run is there
 */
export type ReadState = (path: string) => Promise<StateReader>;

/**
 * Makes a copy of a state that is consistent in itself, also while a process writes to it; `target` must not be there.
 *
 * @throws ReuploadError those of ReadState, `output-unwritable`, `disk-full`
 */
export type SnapshotState = (path: string, target: string, options: { signal: AbortSignal }) => Promise<void>;
