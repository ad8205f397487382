/** What a survey says of one work item, as any engine keeps it. */
import type { Receipt } from "../../core/receipt.ts";
import type { WorkItemStatus } from "../../core/states.ts";
import type { SurveyedWorkItem } from "../survey-book.ts";

/** Where work items stand whose links do not end, or nobody knows when: after all others, ... */
export const NO_END = 0x7fff_ffff;
/** ... and only those that were not surveyed come after them, where both stand in one order. */
export const NOT_SURVEYED = NO_END + 1;

const HOUR_MS = 3_600_000;

/** The hour in which links end. Whole hours: among those that end in the same one, larger work items go first. */
export function hourOfEnd(linksEndAt: number | undefined): number {
  return linksEndAt === undefined ? NO_END : Math.floor(linksEndAt / HOUR_MS);
}

/**
 * - `place`     never looked up: the survey gives it its place in the order of claims
 * - `again`     completed, and what is listed now is not what its receipt says: pending again
 * - `nothing`   anything else
 */
export function surveyEffect(
  { status, receipt }: { readonly status: WorkItemStatus; readonly receipt: Receipt | undefined },
  { files, digest }: Pick<SurveyedWorkItem, "files" | "digest">,
): "place" | "again" | "nothing" {
  if (status === "pending" && receipt === undefined) return "place";
  if (status !== "completed") return "nothing";
  const isSame = receipt?.count === files && (digest === undefined || receipt.digest === digest);
  return isSame ? "nothing" : "again";
}
