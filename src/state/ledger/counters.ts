import { WORK_ITEM_STATUSES, type WorkItemStatus } from "../../core/states.ts";
import type { StateSummary } from "../ledger.ts";
import { FACT, fileStatus } from "./facts.ts";

/** What is counted; an engine keeps it under these names. */
export const COUNTER_NAMES = [
  "work_items_pending",
  "work_items_in_progress",
  "work_items_completed",
  "work_items_empty",
  "work_items_failed",
  "work_items_skipped",
  "work_items_elsewhere",
  "work_items_not_mine",
  "work_items_not_looked_up",
  "work_items_not_surveyed",
  "files_total",
  "files_copied",
  "files_already_there",
  "files_elsewhere",
  "files_failed",
  "files_skipped",
  "files_uploaded",
  "files_announced",
  "files_duplicates",
  "files_left_out",
  "files_shortened",
  "files_expected",
  "drift_work_items",
  "drift_files_added",
  "drift_files_vanished",
  "bytes",
] as const;

/** Kept in memory, and written in the same commit as the events that moved them. */
export type Counters = Record<(typeof COUNTER_NAMES)[number], number>;

/** All counters at 0. */
export function newCounters(): Counters {
  return Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as Counters;
}

/** As much of a work item as its counters need. */
export interface CountedWorkItem {
  readonly status: WorkItemStatus;
  readonly lookedUp: boolean;
  /** null when it was not surveyed. */
  readonly surveyedFiles: number | null;
}

/** Counts a work item in (`sign` 1) or out (-1). */
export function countWorkItem(
  counters: Counters,
  { status, lookedUp, surveyedFiles }: CountedWorkItem,
  sign: 1 | -1,
): void {
  counters[`work_items_${status}`] += sign;
  if (lookedUp || (status !== "pending" && status !== "in_progress")) return;
  counters.work_items_not_looked_up += sign;
  if (surveyedFiles === null) counters.work_items_not_surveyed += sign;
  else counters.files_expected += sign * surveyedFiles;
}

/** Counts a file with these facts in (`sign` 1) or out (-1). */
export function countFile(counters: Counters, facts: number, bytes: number | null, sign: 1 | -1): void {
  const status = fileStatus(facts);
  if (status === "completed") {
    counters[completedCounter(facts)] += sign;
  } else if (status !== "pending") {
    counters[`files_${status}`] += sign;
  }
  // What was done elsewhere was announced there.
  if (facts & FACT.announced && !(facts & FACT.elsewhere)) counters.files_announced += sign;
  counters.bytes += sign * bytesPut(facts, bytes);
}

/** What a file with these facts put into the target, bytes: nothing when it was there before, or its length is not known. */
export function bytesPut(facts: number, bytes: number | null): number {
  return facts & FACT.inTarget && !(facts & FACT.alreadyThere) ? (bytes ?? 0) : 0;
}

function completedCounter(facts: number): "files_elsewhere" | "files_already_there" | "files_copied" {
  if (facts & FACT.elsewhere) return "files_elsewhere";
  return facts & FACT.alreadyThere ? "files_already_there" : "files_copied";
}

/** All work items of the state, whatever their status. */
export function workItemCount(counters: Counters): number {
  return WORK_ITEM_STATUSES.reduce((sum, status) => sum + counters[`work_items_${status}`], 0);
}

/** The counters as the doors tell them: every work item in one class, every file in one class. */
export function summarize(counters: Counters): StateSummary {
  return {
    workItems: {
      pending: counters.work_items_pending,
      in_progress: counters.work_items_in_progress,
      completed: counters.work_items_completed,
      empty: counters.work_items_empty,
      failed: counters.work_items_failed,
      skipped: counters.work_items_skipped,
      elsewhere: counters.work_items_elsewhere,
      not_mine: counters.work_items_not_mine,
    },
    notLookedUp: counters.work_items_not_looked_up,
    notSurveyed: counters.work_items_not_surveyed,
    files: {
      total: counters.files_total,
      copied: counters.files_copied,
      alreadyThere: counters.files_already_there,
      elsewhere: counters.files_elsewhere,
      failed: counters.files_failed,
      skipped: counters.files_skipped,
      uploaded: counters.files_uploaded,
      announced: counters.files_announced,
      duplicates: counters.files_duplicates,
      leftOut: counters.files_left_out,
      shortened: counters.files_shortened,
      expected: counters.files_expected,
    },
    drift: {
      workItems: counters.drift_work_items,
      filesAdded: counters.drift_files_added,
      filesVanished: counters.drift_files_vanished,
    },
    bytes: counters.bytes,
  };
}
