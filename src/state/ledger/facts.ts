import type { FileStatus } from "../../core/states.ts";
import type { KnownFile } from "../work-queue.ts";

/** What is known of a file, as bits of one small number. Engines keep the number; it never changes its meaning. */
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
  /** Another machine completed it, and answers for its announcement. */
  elsewhere: 256,
  /** In the target by the word of another tool's state; nobody knows whether it was announced. */
  takenOver: 512,
} as const;

/** The status of a file with these facts; a failed one may be in the target, too. */
export function fileStatus(facts: number): FileStatus {
  if (facts & FACT.skipped) return "skipped";
  if (facts & FACT.failed) return "failed";
  if (facts & FACT.completed) return "completed";
  return facts & FACT.inTarget ? "uploaded" : "pending";
}

/**
 * The facts about a file as the work queue tells them.
 *
 * @param blobName its name in the target when it is not the plain one
 */
export function toKnownFile(facts: number, blobName: string | undefined): KnownFile {
  return {
    inTarget: (facts & FACT.inTarget) !== 0,
    takenOver: (facts & FACT.takenOver) !== 0,
    completed: (facts & FACT.completed) !== 0,
    failed: (facts & FACT.failed) !== 0,
    skipped: (facts & FACT.skipped) !== 0,
    blobName,
  };
}
