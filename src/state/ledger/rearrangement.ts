/** What an operator's word means for a work item, by its status; any engine goes by it. */
import type { WorkItemRequest } from "../../core/control-request.ts";
import type { WorkItemStatus } from "../../core/states.ts";

/** How many jobs are named when several have a work item with the same id. */
export const MOST_NAMED_JOBS = 5;

/** Whether a `bump` puts it first: it waits for its claim. */
export function isBumpable(status: WorkItemStatus): boolean {
  return status === "pending" || status === "not_mine";
}

/**
 * The status that a work item has after the request.
 *
 * @param isHeld whether somebody holds it now; one that is in progress and that nobody holds waits for a resume
 */
export function rearrangedStatus(
  kind: WorkItemRequest["kind"],
  status: WorkItemStatus,
  isHeld: boolean,
): WorkItemStatus {
  const from = status === "in_progress" && !isHeld ? "pending" : status;
  if (kind === "skip" && (from === "pending" || from === "not_mine")) return "skipped";
  if (kind === "reset" && (from === "skipped" || from === "failed")) return "pending";
  return status;
}
