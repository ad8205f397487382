/** What `reupload report` tells of the run of one or several states: what was asked, done, when, how fast, what failed. */
import { EXIT } from "../core/exit-codes.ts";
import type { FleetFailures, FleetView, Pace } from "../progress/progress.ts";
import { announcementQueue, toldFilter } from "../state/run-record.ts";
import type { FinishedWorkItem, StartRecord } from "../state/past.ts";

/** One start, and the state that keeps it. */
export interface ReportedStart extends StartRecord {
  readonly stateDb: string;
  /** `copied`: the state is a copy that was made while this start was at work. */
  readonly end: "running" | "ended" | "killed" | "copied";
}

/** A work item that took long; one in progress has no end yet. */
export interface LongWorkItem extends Omit<FinishedWorkItem, "finishedAt"> {
  readonly stateDb: string;
  readonly tookMs: number;
}

/** An option that was given when the run was started, or last resumed. */
export interface ReportedSetting {
  /** As in a configuration file. */
  readonly option: string;
  /** As text; undefined for all states, where they agree. */
  readonly values: readonly { readonly stateDb: string | undefined; readonly text: string }[];
}

export interface FullReport {
  /** Version of this tool. */
  readonly tool: string;
  /** ms since the epoch. */
  readonly time: number;
  readonly fleet: FleetView;
  readonly settings: readonly ReportedSetting[];
  /** Oldest first; the newest ones, when there are very many. */
  readonly starts: readonly ReportedStart[];
  /** undefined when the states are of a version that kept no history. */
  readonly pace: Pace | undefined;
  /** Longest first. */
  readonly longest: readonly LongWorkItem[];
  readonly failures: readonly FleetFailures[];
  /** The commands for what is left or failed, one a state. */
  readonly nextCommands: readonly string[];
}

/**
 * - `completed`     every work item of these states is done
 * - `with-failures` nothing is left, but something failed, vanished or was rejected
 * - `under-way`     a process works on at least one of the states
 * - `unfinished`    work items are left, and nobody works on them
 */
export type FullVerdict = "completed" | "with-failures" | "under-way" | "unfinished";

/** The one word for how the run stands. */
export function fullVerdict({ fleet }: FullReport): FullVerdict {
  if (fleet.machines.some(({ writer }) => writer.kind === "running")) return "under-way";
  if (!fleet.isDone || fleet.machines.some(({ progress }) => progress.workItems.left > 0))
    return "unfinished";
  return fleet.machines.every(({ exitCode }) => exitCode === EXIT.done) ? "completed" : "with-failures";
}

/** Where the files are announced; undefined: nowhere. Of states of one run, some may have been announced apart from it. */
export function reportedQueue({ fleet }: FullReport): string | undefined {
  const queues = fleet.machines.map(({ run, summary }) => announcementQueue(run, summary.files.announced));
  return queues.find((queue) => queue !== undefined);
}

/** The run's filter as it is told; undefined: all files are taken. States of one run have the same. */
export function reportedFilter({ fleet }: FullReport): string | undefined {
  const [first] = fleet.machines;
  return first && toldFilter(first.run);
}

/** Every row of the CSV in one class, and every file; over all states. */
export interface FullAccount {
  /** total = the sum of the others */
  readonly rows: Readonly<
    Record<
      | "total"
      | "completed"
      | "empty"
      | "failed"
      | "skipped"
      | "rejected"
      | "duplicates"
      | "elsewhere"
      | "left",
      number
    >
  >;
  /** total = the sum of the others */
  readonly files: Readonly<
    Record<"total" | "copied" | "alreadyThere" | "elsewhere" | "failed" | "skipped" | "left", number>
  >;
  readonly announced: number;
  /** In the target, their announcement owed. */
  readonly uploaded: number;
  /** Left out by the run's filter, in none of the classes. */
  readonly leftOut: number;
  readonly bytes: number;
}

/** Adds up the states. `rows.elsewhere`: rows of partitions whose state is not among these. */
export function accountStates({ fleet }: FullReport): FullAccount {
  const { machines } = fleet;
  const summaries = machines.map(({ summary }) => summary);
  const items = (pick: (items: (typeof summaries)[number]["workItems"]) => number) =>
    summaries.reduce((all, { workItems }) => all + pick(workItems), 0);
  const files = (pick: (files: (typeof summaries)[number]["files"]) => number) =>
    summaries.reduce((all, summary) => all + pick(summary.files), 0);
  // Each state has read the whole CSV.
  const input = machines[0]?.run.input ?? { rows: 0, rejected: 0, duplicates: 0 };
  const rows = {
    completed: items(({ completed, elsewhere }) => completed + elsewhere),
    empty: items(({ empty }) => empty),
    failed: items(({ failed }) => failed),
    skipped: items(({ skipped }) => skipped),
    left: items((all) => all.pending + all.in_progress + all.not_mine),
    rejected: input.rejected,
    duplicates: input.duplicates,
  };
  const known = Object.values(rows).reduce((all, one) => all + one, 0);
  const finished = {
    copied: files(({ copied }) => copied),
    alreadyThere: files(({ alreadyThere }) => alreadyThere),
    elsewhere: files(({ elsewhere }) => elsewhere),
    failed: files(({ failed }) => failed),
    skipped: files(({ skipped }) => skipped),
  };
  const total = files((all) => all.total);
  const inClasses = Object.values(finished).reduce((all, one) => all + one, 0);
  return {
    rows: { total: input.rows, ...rows, elsewhere: Math.max(0, input.rows - known) },
    files: { total, ...finished, left: Math.max(0, total - inClasses) },
    announced: files(({ announced }) => announced),
    uploaded: files(({ uploaded }) => uploaded),
    leftOut: files(({ leftOut }) => leftOut),
    bytes: summaries.reduce((all, { bytes }) => all + bytes, 0),
  };
}
