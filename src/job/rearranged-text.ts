/** What an operator is told of a work item that was to be changed. */
import type { ControlAnswer, WorkItemRequest } from "../core/control-request.ts";
import type { Rearranged } from "../state/work-queue.ts";

const DONE: Readonly<Record<WorkItemRequest["kind"], string>> = {
  bump: "is the next in the queue",
  skip: "is skipped until a reset",
  reset: "is pending again",
};

/** What is said of it when nothing changes, by its status. */
const STAYS: Readonly<Record<string, string>> = {
  pending: "is pending",
  not_mine: "is pending in a partition that is not here",
  in_progress: "has begun",
  completed: "is completed",
  empty: "has no files",
  failed: "has failed",
  skipped: "is skipped",
  elsewhere: "was done by another machine",
};

/** Which statuses are what the request wants. */
const WANTED: Readonly<Record<WorkItemRequest["kind"], readonly string[]>> = {
  bump: ["pending", "not_mine"],
  skip: ["skipped"],
  reset: ["pending", "not_mine"],
};

/** The answer to a request for one work item. */
export function rearrangedAnswer({ kind, workItemId }: WorkItemRequest, result: Rearranged): ControlAnswer {
  switch (result.kind) {
    case "unknown":
      return { taken: false, text: `no work item ${workItemId} here` };
    case "ambiguous": {
      const text = `several jobs have a work item ${workItemId}: give --job-id (${result.jobIds.join(", ")})`;
      return { taken: false, text };
    }
    case "found": {
      const { from, to } = result;
      const taken = WANTED[kind].includes(to);
      const isChanged = kind === "bump" ? taken : taken && from !== to;
      const what = isChanged ? DONE[kind] : (STAYS[to] ?? to);
      return { taken, text: `${workItemId} ${what}${taken ? "" : `: ${kind} does not apply to it`}` };
    }
  }
}
