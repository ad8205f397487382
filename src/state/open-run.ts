/**
 * How a run gets its state: made new, or resumed after its identity was checked. Kinds of store implement
 * `RunOpener`; the command line calls it.
 */
import type { FailureCode } from "../core/failure.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { InputCounts, RunRecord, StateStore } from "./state-store.ts";

export interface OpenOptions {
  /** Path of the state file. */
  readonly path: string;
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
   * Only so many of the pending work items are claimed in this start: the first of the CSV (`--limit`), or as many
   * spread evenly over it (`--sample`; the same ones for the same state). The others stay pending.
   */
  readonly only?: { readonly first: number } | { readonly sample: number };
  /** What to advise when the state holds a run and `resume` is off: the exact command that resumes it. */
  readonly resumeAdvice?: string;
}

/** What is known of the run before the CSV is read. */
export interface RunDescription {
  readonly identity: Omit<RunIdentity, "csvDigest">;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The CSV as the opener needs it. It is read once, so that it may come from a pipe. */
export interface InputReader {
  /**
   * Reads the whole CSV and hands on the work items of this partition, in input order and in batches. A key that
   * comes again may be handed on again: whole keys are compared and the first is kept, by `take` or when all are
   * read. `take` gives how many of the batch it took; `counts.ours` is the sum of what it gave, and becomes
   * `duplicates` as far as some repeated others.
   * Gives the digest over the whole CSV, and the counts. What `take` throws ends the read and is passed on.
   */
  read(
    take: (workItems: readonly WorkItem[]) => number,
  ): Promise<{ readonly csvDigest: string; readonly counts: InputCounts }>;
}

/**
 * Looks at a state file without changing it: the run it holds, or undefined when there is no file (or an empty
 * one, or one whose CSV was never loaded to the end).
 *
 * @throws ReuploadError `state-foreign`, `state-corrupt`, `state-original-tool`, `state-newer`
 */
export type InspectState = (path: string) => Promise<RunRecord | undefined>;

/**
 * Opens the state for writing: takes the lock, migrates, loads the CSV into a new state or checks a resumed one
 * against it (`input` undefined: the CSV is not at hand, its rows are taken as they stand in the state), and brings
 * back to pending what a crash left in progress and what `retryFailed` names.
 *
 * @throws ReuploadError those of InspectState, and `state-exists`, `state-locked`, `state-network-disk`,
 * `identity-mismatch` (which says what differs), `disk-full`
 */
export type OpenRun = (
  options: OpenOptions,
  description: RunDescription,
  input: InputReader | undefined,
  control: { signal: AbortSignal },
) => Promise<StateStore>;
