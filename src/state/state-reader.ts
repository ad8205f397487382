/** A state as others read it: beside a running process or after it ended, without changing it. */
import type { FailureCode } from "../core/failure.ts";
import type { Incident } from "../core/incident.ts";
import type { FileStatus, WorkItemStatus } from "../core/states.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { AnnouncementCounts } from "./announcements.ts";
import type { FailureGroup, FailureRecord, StateSummary } from "./ledger.ts";
import type { StatePast } from "./past.ts";
import type { Heartbeat, StartEnding } from "./run-presence.ts";
import type { RunRecord } from "./run-record.ts";

/** Every method may be called again at any time, sees the last commit, and never blocks the writer. */
export interface StateReader {
  /** What happened, in single files and over time. */
  readonly past: StatePast;

  /** Where the run stands now; never scans the files. @throws ReuploadError `state-corrupt`, `state-missing` */
  read(): Promise<StateReading>;

  /** Failures and skips grouped by outcome and code, most first; counted beforehand. @throws as `read` */
  failures(): Promise<FailureGroup[]>;

  /** The work items in progress that were opened first, at most `max`. @throws as `read` */
  slowest(max: number): Promise<OpenWorkItemView[]>;

  /**
   * The work items of this state that are not done, in input order and in batches; those of partitions that are not
   * here are among them. `failedWith` gives the codes of what failed in them; `hasFailed` holds
   * also for one that another machine failed at, whose codes are not known here.
   *
   * @throws as `read`; the signal's reason, between two batches
   */
  remaining(options: { readonly signal: AbortSignal }): AsyncIterable<readonly RemainingWorkItem[]>;

  /**
   * The work items that are completed here, in input order and in batches.
   *
   * @param options `since`: only those that were completed at that time or later; ms since the epoch, to the second
   * @throws as `remaining`
   */
  completed(options: {
    readonly since?: number | undefined;
    readonly signal: AbortSignal;
  }): AsyncIterable<readonly WorkItem[]>;

  /**
   * What happened to one work item: its files that did not succeed at the first try, with their attempts, `fileName` in
   * any case, and what is recorded of each file that was touched. undefined when the state has no such work item.
   *
   * @throws as `read`
   */
  history(
    workItem: Pick<WorkItem, "jobId" | "workItemId">,
    fileName?: string,
  ): Promise<WorkItemHistory | undefined>;

  /** Counts the announcements; reads every file once. @throws as `read` */
  announcements(): Promise<AnnouncementCounts>;

  /** Gives back what the reader holds. Repeating it is harmless. */
  close(): void;
}

/** One reading of the state, consistent in itself: everything is of the same commit. */
export interface StateReading {
  readonly run: RunRecord;
  /** How often the run was started on this state, the last start included. */
  readonly starts: number;
  readonly summary: StateSummary;
  readonly writer: Writer;
}

/** Whether a process has the state open for writing, and what it said last. */
export type Writer =
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly host: string;
      /** ms since the epoch. */
      readonly since: number;
      /** undefined until the first one, about a second after the start. */
      readonly heartbeat: Heartbeat | undefined;
    }
  /**
   * The last start came to its end, in one way or another (`ending` undefined: it did not say in which); or the state
   * is a copy made by `StateKind.snapshot` at this time while a process wrote to it.
   */
  | { readonly kind: "ended"; readonly at: number; readonly ending: StartEnding | undefined }
  /**
   * The last start was killed: nothing is lost, `--resume` goes on. `at`: its last sign of life.
   * `copy` says that this is a copy of a state that was in use. `of-running`: the process is at work on this machine, on
   * another file. `without-log`: the log is gone, and what it held; the same is seen after a power cut, and after an end
   * that a full disk kept from being written.
   */
  | { readonly kind: "died"; readonly at: number; readonly copy: "of-running" | "without-log" | undefined };

/** A work item in progress whose files are known. */
export interface OpenWorkItemView {
  readonly workItem: WorkItem;
  /** ms since the epoch. */
  readonly since: number;
  readonly filesTotal: number;
  /** Completed, skipped or failed. */
  readonly filesDone: number;
}

/** A work item that is not done. */
export interface RemainingWorkItem extends WorkItem {
  readonly hasFailed: boolean;
  readonly failedWith: readonly FailureCode[];
}

export interface WorkItemHistory {
  /** With the catalog's name when it has one. */
  readonly workItem: WorkItem;
  readonly status: WorkItemStatus;
  /** Of its last claim, and of its end; ms since the epoch, by the second. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** As the last lookup gave them; undefined when it was never looked up here. */
  readonly filesTotal: number | undefined;
  /** Files that the run's filter left out of the last lookup. */
  readonly filesLeftOut: number;
  /** Files that this state knows: those that were touched. */
  readonly filesKnown: number;
  /** Why it failed as a whole. */
  readonly failure: FailureRecord | undefined;
  readonly partition: number;
  /** How often its partition was claimed, here or by other machines; 0 when that is not known. */
  readonly partitionEpoch: number;
  readonly files: readonly FileHistory[];
  readonly recorded: readonly RecordedFile[];
}

/** What the state records of a file that was touched. */
export interface RecordedFile {
  /** As `fileKey`. */
  readonly key: string;
  readonly status: FileStatus;
  /** The queue accepted its announcement, as far as this state knows. */
  readonly announced: boolean;
  /** Another machine completed it, and answers for its announcement. */
  readonly elsewhere: boolean;
  /** Bytes that are in the target, where they are known. */
  readonly bytes: number | undefined;
}

/** A file that did not succeed at the first try, got another name than the template's, or was asked for by its name. */
export interface FileHistory {
  readonly fileName: string;
  /** As it stands now. */
  readonly status: FileStatus;
  /** When that was recorded, ms since the epoch, by the second. */
  readonly at: number;
  readonly bytes: number | undefined;
  readonly inTarget: boolean;
  /** In the target before this run. */
  readonly alreadyThere: boolean;
  readonly announced: boolean;
  /** Another machine completed it. */
  readonly elsewhere: boolean;
  /** Most requests that one try took, until it succeeded or failed. */
  readonly attempts: number;
  readonly blobName: string | undefined;
  /** Oldest first: the first one and the newest, at most ten. */
  readonly tries: readonly FileTry[];
  /** Oldest first: the first five and the newest fifteen. */
  readonly incidents: readonly FileIncident[];
}

export interface FileIncident extends Incident {
  /** The number of the start. */
  readonly start: number;
}

/** One try at a file that did not succeed. */
export interface FileTry extends FailureRecord {
  readonly outcome: "failed" | "skipped";
  /** ms since the epoch, by the second. */
  readonly at: number;
  /** The number of the start that tried. */
  readonly start: number;
}
