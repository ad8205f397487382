/**
 * The checkpoint of one partition: the committed facts that another machine goes on from. It speaks of work items by
 * their place in key order (bytes of the job id in UTF-8, then of the work item id), so it means something only together
 * with the same rows; `rows` tells whether they are.
 */
import type { FailureCode } from "./failure.ts";
import { ReuploadError } from "./errors.ts";
import { joinBits } from "./bitmap.ts";
import {
  type CheckpointState,
  newCheckpointStates,
  readCheckpointState,
  writeCheckpointState,
} from "./checkpoint-states.ts";
import type { Receipt } from "./receipt.ts";
import type { Family } from "./sub-partition.ts";

export { decodeCheckpoint, encodeCheckpoint } from "./checkpoint-bytes.ts";

export interface Checkpoint {
  readonly partition: number;
  /** How often the partition was admitted to a state, over all machines; the higher one is the later word. */
  readonly epoch: number;
  /** The partition's work items: how many, and a digest of their keys and names (`CsvDigest`). */
  readonly rows: { readonly count: number; readonly digest: string };
  /** Two bits a work item in key order, four work items a byte, the first one in the lowest bits. */
  readonly states: Uint8Array;
  /** How many of those that are done have no files. */
  readonly empty: number;
  /** Work items that are neither done nor skipped, and have completed files; in key order. */
  readonly open: readonly OpenInCheckpoint[];
  /** What failed and was skipped, by outcome and code. */
  readonly failures: readonly CheckpointFailure[];
  readonly files: CheckpointFiles;
  /** Undefined while nothing of the partition was given away: then `rows` are all that have its hash. */
  readonly family?: Family;
}

export interface OpenInCheckpoint {
  /** The work item's place in key order, from 0. */
  readonly place: number;
  readonly receipt: Receipt;
  /** The completed files: one bit a file in catalog order, the lowest bit of a byte first. */
  readonly completed: Uint8Array;
}

export interface CheckpointFailure {
  readonly outcome: "failed" | "skipped";
  readonly code: FailureCode;
  readonly files: number;
  /** Those that failed as a whole. */
  readonly workItems: number;
}

/** Of the work items that were looked up. done + failed + skipped <= total */
export interface CheckpointFiles {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  /** Bytes put into the target, as far as they are known. */
  readonly bytes: number;
  /** Left out by the run's filter, of the work items that are done; not in `total`. Left out itself while there are none. */
  readonly leftOut?: number;
}

export interface CheckpointCounts {
  /** total = pending + done + failed + skipped; `empty` is part of `done`. */
  readonly workItems: Readonly<Record<CheckpointState | "total" | "empty", number>>;
  readonly files: CheckpointFiles;
}

/** Counts the work items of each state. */
export function checkpointCounts(checkpoint: Checkpoint): CheckpointCounts {
  const counts = { pending: 0, done: 0, failed: 0, skipped: 0 };
  const { count } = checkpoint.rows;
  for (let place = 0; place < count; place++) counts[readCheckpointState(checkpoint.states, place)]++;
  return { workItems: { total: count, ...counts, empty: checkpoint.empty }, files: checkpoint.files };
}

/**
 * The checkpoint as a start takes it that tries failures again: what has failed is to be done. Which work item failed with
 * which code is not told, so with codes all are tried again as soon as one of these codes is among them. Skipped files are
 * tried again only when their code is named; the start's own state then says alone what is done.
 */
export function withFailuresToRetry(
  checkpoint: Checkpoint,
  retryFailed: "all" | "none" | readonly FailureCode[],
): Checkpoint {
  const { failures, rows } = checkpoint;
  const named = retryFailed === "all" || retryFailed === "none" ? [] : retryFailed;
  if (failures.some(({ outcome, code }) => outcome === "skipped" && named.includes(code))) {
    return withoutFacts(checkpoint);
  }
  const failed = failures.filter(({ outcome }) => outcome === "failed");
  const isChosen = (code: FailureCode) => retryFailed === "all" || retryFailed.includes(code);
  if (retryFailed === "none" || (retryFailed !== "all" && !failed.some(({ code }) => isChosen(code)))) {
    return checkpoint;
  }
  const states = newCheckpointStates(rows.count);
  for (let place = 0; place < rows.count; place++) {
    const state = readCheckpointState(checkpoint.states, place);
    if (state !== "failed") writeCheckpointState(states, place, state);
  }
  return {
    ...checkpoint,
    states,
    failures: failures.filter(({ outcome }) => outcome !== "failed"),
    files: { ...checkpoint.files, failed: 0 },
  };
}

/** A work item whose files were skipped counts as done; which one is not told, so nothing counts as done. */
function withoutFacts(checkpoint: Checkpoint): Checkpoint {
  return {
    ...checkpoint,
    states: newCheckpointStates(checkpoint.rows.count),
    empty: 0,
    open: [],
    failures: [],
    files: { total: 0, done: 0, failed: 0, skipped: 0, bytes: 0 },
  };
}

/** Whether the checkpoint is over these rows. */
export function isOverRows(checkpoint: Checkpoint, rows: Checkpoint["rows"]): boolean {
  return checkpoint.rows.count === rows.count && checkpoint.rows.digest === rows.digest;
}

/**
 * What two checkpoints of one partition know together. A completed fact of either side stands; for the rest the higher
 * epoch wins, `own` when both are equal. Numbers of files cannot be told exactly then: the larger one of each is given.
 *
 * @throws ReuploadError `checkpoint-unusable` when they are over other rows
 */
export function mergeCheckpoints(own: Checkpoint, other: Checkpoint): Checkpoint {
  if (own.partition !== other.partition || !isOverRows(own, other.rows)) {
    throw new ReuploadError("checkpoint-unusable", "the two checkpoints are not of the same rows");
  }
  const [later, earlier] = other.epoch > own.epoch ? [other, own] : [own, other];
  const states = later.states.slice();
  for (let place = 0; place < own.rows.count; place++) {
    if (readCheckpointState(earlier.states, place) === "done") writeCheckpointState(states, place, "done");
  }
  return {
    partition: own.partition,
    epoch: later.epoch,
    rows: own.rows,
    states,
    empty: Math.max(own.empty, other.empty),
    open: mergeOpen(later.open, earlier.open).filter(({ place }) => {
      const state = readCheckpointState(states, place);
      return state === "pending" || state === "failed";
    }),
    failures: later.failures,
    files: {
      total: Math.max(own.files.total, other.files.total),
      done: Math.max(own.files.done, other.files.done),
      failed: later.files.failed,
      skipped: later.files.skipped,
      bytes: Math.max(own.files.bytes, other.files.bytes),
      ...withLeftOut(Math.max(own.files.leftOut ?? 0, other.files.leftOut ?? 0)),
    },
  };
}

/** The number as checkpoints have it. */
export function withLeftOut(leftOut: number): Pick<CheckpointFiles, "leftOut"> {
  return leftOut === 0 ? {} : { leftOut };
}

function mergeOpen(
  later: readonly OpenInCheckpoint[],
  earlier: readonly OpenInCheckpoint[],
): OpenInCheckpoint[] {
  const merged = new Map(later.map((open) => [open.place, open]));
  for (const open of earlier) {
    const known = merged.get(open.place);
    if (known === undefined) merged.set(open.place, open);
    // Places of another lookup mean other files.
    else if (known.receipt.count === open.receipt.count && known.receipt.digest === open.receipt.digest) {
      merged.set(open.place, { ...known, completed: joinBits(known.completed, open.completed) });
    }
  }
  return [...merged.values()].sort((a, b) => a.place - b.place);
}
