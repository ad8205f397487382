import type { FileStatus, WorkItemStatus } from "../../core/states.ts";
import type { KnownFile } from "../state-store.ts";

/**
 * What is known of a file, as bits of one small number. The views in `migrations/` read the same bits, and
 * `STATUS` below is the column `work_item.status`.
 */
export const FACT = {
  inTarget: 1,
  announced: 2,
  /** Nothing is left to do: announced, or no announcement is wanted. */
  completed: 4,
  failed: 8,
  skipped: 16,
  /** In the target before this run. */
  alreadyThere: 32,
  /** The last lookup no longer listed it. */
  vanished: 64,
  /** An `announce --all` still has to send it. */
  ofAll: 128,
  /** In the target by the word of another tool's state; nobody knows whether it was announced. */
  takenOver: 256,
} as const;

export const STATUS = {
  pending: 0,
  in_progress: 1,
  completed: 2,
  empty: 3,
  failed: 4,
} as const satisfies Record<WorkItemStatus, number>;

export function fileStatusOf(facts: number): FileStatus {
  if (facts & FACT.skipped) return "skipped";
  if (facts & FACT.failed) return "failed";
  if (facts & FACT.completed) return "completed";
  return facts & FACT.inTarget ? "uploaded" : "pending";
}

export function knownFileOf(facts: number, blobName: string | undefined): KnownFile {
  return {
    inTarget: (facts & FACT.inTarget) !== 0,
    alreadyThere: (facts & FACT.alreadyThere) !== 0,
    takenOver: (facts & FACT.takenOver) !== 0,
    announced: (facts & FACT.announced) !== 0,
    completed: (facts & FACT.completed) !== 0,
    failed: (facts & FACT.failed) !== 0,
    skipped: (facts & FACT.skipped) !== 0,
    blobName,
  };
}
