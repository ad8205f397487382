/**
 * A kind of state: how a run gets its state, and how others look at one. A state is named by its *location* (today the
 * path of a file). `wiring.ts` picks the kind; everything else sees this door and the doors of an open state.
 */
import type { FailureCode } from "../core/failure.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { AnnouncementOptions, AnnouncementStore } from "./announcements.ts";
import type { GiftBook } from "./gift-book.ts";
import type { Ledger } from "./ledger.ts";
import type { RunPresence } from "./run-presence.ts";
import type { InputCounts, RunDescription, RunRecord, RunStart } from "./run-record.ts";
import type { StateReader } from "./state-reader.ts";
import type { SurveyBook } from "./survey-book.ts";
import type { WorkQueue } from "./work-queue.ts";

export interface StateKind {
  /**
   * Looks at a location without opening or changing anything there. Gives undefined when it holds no run: nothing is
   * there, or an empty file, or a state whose CSV was never loaded to the end. May be repeated at any time, also beside
   * a running process.
   *
   * @throws ReuploadError `state-foreign`, `state-corrupt`, `state-original-tool`, `state-newer`, `usage`
   */
  inspect(location: string): Promise<FoundState | undefined>;

  /**
   * Opens the state for writing: takes the lock, brings it to our version, loads the CSV into a new state or compares a
   * resumed one with it. Work items that no living start holds, and what `retryFailed` names, are pending again. On an
   * error or a cancellation nothing has changed, and a state that was new is gone.
   *
   * @param input undefined: the CSV is not at hand, its rows are taken as they stand in the state
   * @throws ReuploadError those of `inspect`, and `state-exists`, `state-locked`, `state-network-disk`,
   * `identity-mismatch` (which says what differs), `disk-full`; the signal's reason; what `ready` rejects with
   */
  open(
    options: OpenOptions,
    description: RunDescription,
    input: InputReader | undefined,
    control: OpenControl,
  ): Promise<OpenState>;

  /**
   * Opens a state for reading. A writer goes on undisturbed, and nothing is changed.
   *
   * @throws ReuploadError those of `inspect`, and `state-missing` when no run is there
   */
  read(location: string): Promise<StateReader>;

  /**
   * Makes a copy that is consistent in itself, also while a process writes; `target` must not be there. On an error or a
   * cancellation there is no copy.
   *
   * @throws ReuploadError those of `read`, `output-unwritable`, `disk-full`; the signal's reason
   */
  snapshot(location: string, target: string, options: { readonly signal: AbortSignal }): Promise<void>;

  /**
   * Begins a state that is made in several steps under another name until it is whole. Takes the lock of the location,
   * so that nobody begins a run or another making there meanwhile. What a kill leaves is removed by the next making, and
   * `open` refuses to begin a run beside it.
   *
   * @throws ReuploadError those of `inspect`, and `state-exists` when a run is there, `state-locked`, `state-network-disk`
   */
  make(location: string): Promise<StateInMaking>;

  /**
   * Removes a state that nobody has open for writing. Harmless when there is none, and when it is repeated.
   *
   * @throws ReuploadError `state-locked`
   */
  discard(location: string): void;

  /**
   * Opens the state of a run for announcing, apart from a run: takes the lock. The run's identity and the number of its
   * starts stay as they are, so that `run --resume` goes on as if nothing had happened.
   *
   * @throws ReuploadError those of `inspect`, and `state-missing`, `state-locked`, `state-network-disk`, `disk-full`
   */
  openAnnouncements(options: AnnouncementOptions): Promise<AnnouncementStore>;

  /** The paths of all files that a state at this location may consist of. Looks at nothing. */
  files(location: string): readonly string[];
}

/** A state that is not whole yet. Disposing it removes what was not published, and releases the location. */
export interface StateInMaking extends Disposable {
  /** Where it is made: to be opened, filled and closed there. */
  readonly location: string;
  /** Puts the closed state in its place, flushed. @throws ReuploadError `disk-full`, `usage` */
  publish(): void;
}

/** A state that is there, as `inspect` sees it. */
export interface FoundState {
  readonly run: RunRecord;
  /** The version of its schema; `open` brings an older one to ours. */
  readonly version: number;
}

/** A state that is open for writing, by its doors. All of them are one state: what one changes the others see. */
export interface OpenState {
  readonly run: RunRecord;
  readonly start: RunStart;
  readonly queue: WorkQueue;
  readonly ledger: Ledger;
  readonly surveys: SurveyBook;
  readonly presence: RunPresence;
  /** undefined: this kind gives no work away. */
  readonly gifts?: GiftBook;

  /**
   * Commits what is recorded, notes the end of the start, and releases the lock; the one state file can be copied
   * afterwards. Repeating it gives the same answer. Every other method of the doors is refused from then on.
   *
   * @throws ReuploadError `disk-full`, `internal` when the last commit failed; the lock is released even then
   */
  close(): Promise<void>;
}

export interface OpenControl {
  readonly signal: AbortSignal;
  /** A new state is loaded meanwhile, and is there only once this has resolved; when it rejects, there is none. */
  readonly ready?: Promise<unknown>;
}

export interface OpenOptions {
  /** Where the state is, or is to be made. */
  readonly location: string;
  /** `--resume`: continue when there is a run, start when there is none. */
  readonly resume: boolean;
  /** `--update-csv`. */
  readonly updateCsv: boolean;
  /**
   * Which failed files become pending again on resume; with codes, skipped files of these codes too. Unless it is
   * `none`, empty work items are looked up again.
   */
  readonly retryFailed: "all" | "none" | readonly FailureCode[];
  /**
   * Only so many of the pending work items are claimed in this start: the first of the CSV (`--limit`), as many spread
   * evenly over it (`--sample`; the same ones for the same state), or as many at random, spread over their numbers of
   * files as far as they are surveyed when the first ones are claimed (`--canary`; at least one). The others stay pending.
   */
  readonly only?:
    | { readonly first: number }
    | { readonly sample: number }
    | { readonly canary: { readonly count: number } | { readonly percent: number } };
  /** What to advise when the state holds a run and `resume` is off: the exact command that resumes it. */
  readonly resumeAdvice?: string;
}

/** The CSV as a state needs it. It is read once, so that it may come from a pipe. */
export interface InputReader {
  /**
   * Reads the whole CSV and hands on the work items of this state, in input order and in batches. A key that comes
   * again may be handed on again: whole keys are compared and the first is kept, by `take` or when all are read. `take`
   * gives how many of the batch it took; `counts.ours` is the sum of what it gave, and becomes `duplicates` as far as
   * some repeated others. Gives the digest over the whole CSV, and the counts. What `take` throws ends the read and is
   * passed on.
   */
  read(
    take: (workItems: readonly WorkItem[]) => number,
  ): Promise<{ readonly csvDigest: string; readonly counts: InputCounts }>;
}
