import type { SurveyedWorkItem } from "../state-store.ts";
import { type Counters, countWorkItem } from "./counters.ts";
import { STATUS } from "./facts.ts";
import type { PendingWorkItems } from "./pending-work-items.ts";
import { firstRow, type Statements } from "./statements.ts";

/** `work_item.links_end` of those whose links do not end, or nobody knows when: they come last, ... */
const NO_END = 0x7fff_ffff;
/** ... and only those that were not surveyed come after them, where both stand in one order. */
export const NOT_SURVEYED = NO_END + 1;

const HOUR_MS = 3_600_000;

interface SurveyRow {
  readonly id: number;
  readonly status: number;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
  readonly surveyed_files: number | null;
}

function hasChanged(row: SurveyRow, files: number, digest: string | undefined): boolean {
  return row.receipt_count !== files || (digest !== undefined && row.receipt_digest !== digest);
}

/**
 * Writes what a survey says, in the caller's transaction, and changes the counters accordingly.
 *
 * @returns how many completed work items are pending again
 */
export function writeSurveys(
  surveys: readonly SurveyedWorkItem[],
  {
    statements,
    counters,
    pending,
  }: { statements: Statements; counters: Counters; pending: PendingWorkItems },
): number {
  let broughtBack = 0;
  for (const { workItem, files, linksEndAt, digest } of surveys) {
    const row = firstRow<SurveyRow>(statements.findForSurvey, workItem.jobId, workItem.workItemId);
    if (row === undefined) continue;
    const { id, status, receipt_count: receiptCount, surveyed_files: surveyedFiles } = row;
    // Whole hours: among those whose links end in the same one, larger work items go first.
    const linksEnd = linksEndAt === undefined ? NO_END : Math.floor(linksEndAt / HOUR_MS);
    if (status === STATUS.pending && receiptCount === null) {
      statements.putSurvey.run(files, linksEnd, id);
      pending.surveyed(id, files, linksEnd);
      countWorkItem(counters, { status: "pending", lookedUp: false, surveyedFiles }, -1);
      countWorkItem(counters, { status: "pending", lookedUp: false, surveyedFiles: files }, 1);
    } else if (status === STATUS.completed && hasChanged(row, files, digest)) {
      statements.requeueChanged.run(files, linksEnd, id);
      const lookedUp = receiptCount !== null;
      countWorkItem(counters, { status: "completed", lookedUp, surveyedFiles }, -1);
      countWorkItem(counters, { status: "pending", lookedUp, surveyedFiles: files }, 1);
      broughtBack++;
    }
  }
  return broughtBack;
}
