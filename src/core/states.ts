/**
 * The life of a work item.
 *
 * `pending`      in the CSV, not yet looked up, or to be tried again.
 * `in_progress`  claimed by this machine; a crash or a stop brings it back to `pending`.
 * `completed`    looked up, and every file is completed or skipped.
 * `empty`        looked up, and the catalog lists no file.
 * `failed`       the lookup failed, or at least one file failed; a resume may bring it back to `pending`.
 * `skipped`      left out on the operator's word.
 * `elsewhere`    another machine did it before its partition came to this state.
 * `not_mine`     its partition is not in this state's queue.
 */
export const WORK_ITEM_STATUSES = [
  "pending",
  "in_progress",
  "completed",
  "empty",
  "failed",
  "skipped",
  "elsewhere",
  "not_mine",
] as const;
export type WorkItemStatus = (typeof WORK_ITEM_STATUSES)[number];

/**
 * The life of a file: two durable facts, *in the target* and *announced*, and a last error.
 *
 * `pending`    no fact holds. Nothing is kept for a file that was never touched.
 * `uploaded`   in the target, not announced yet: never transferred again, only announced.
 * `completed`  in the target and announced, or in the target and no announcement is wanted.
 * `failed`     the last try ended with a failure; the facts that hold stay true.
 * `skipped`    left out on the operator's word (`--on-conflict skip`, `--on-collision first`).
 */
export const FILE_STATUSES = ["pending", "uploaded", "completed", "failed", "skipped"] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

const FILE_MOVES: Record<FileStatus, readonly FileStatus[]> = {
  pending: ["uploaded", "completed", "failed", "skipped"],
  uploaded: ["completed", "failed"],
  completed: [],
  failed: ["pending", "uploaded", "completed"],
  skipped: ["pending"],
};

const WORK_ITEM_MOVES: Record<WorkItemStatus, readonly WorkItemStatus[]> = {
  pending: ["in_progress", "failed", "skipped", "elsewhere", "not_mine"],
  in_progress: ["pending", "completed", "empty", "failed", "not_mine"],
  completed: ["pending"],
  empty: ["pending"],
  failed: ["pending", "skipped", "elsewhere", "not_mine"],
  skipped: ["pending", "failed", "elsewhere", "not_mine"],
  elsewhere: [],
  not_mine: ["pending", "failed", "skipped", "elsewhere"],
};

/**
 * Whether a file may go from one status to another. `pending -> completed` is `uploaded` and announced in one
 * commit, or done elsewhere, as `failed -> completed` always is.
 */
export function fileMayMove(from: FileStatus, to: FileStatus): boolean {
  return FILE_MOVES[from].includes(to);
}

/**
 * Whether a work item may go from one status to another. `completed -> pending` happens when a later lookup drifted. What
 * a checkpoint says moves work items that are not held: never away from done (`completed`, `empty`, `elsewhere`).
 */
export function workItemMayMove(from: WorkItemStatus, to: WorkItemStatus): boolean {
  return WORK_ITEM_MOVES[from].includes(to);
}
