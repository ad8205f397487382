/** What a state keeps of what happened: its files one by one, its starts, how fast it went. For reports and lists. */
import type { FailureCode } from "../core/failure.ts";
import type { FileOutcome } from "../core/file-outcome.ts";
import type { WorkItemStatus } from "../core/states.ts";
import type { WorkItem } from "../core/work-item.ts";

/** Read as the rest of a state: see `StateReader`. A state of an earlier version has no starts and no history. */
export interface StatePast {
  /**
   * The files that were touched, by work item in input order, in batches; a work item of which no file is known has one
   * row without a file. Each batch is of one commit; memory is flat.
   *
   * @throws as `StateReader.read`; the signal's reason, between two batches
   */
  files(filter: FileFilter, options: { readonly signal: AbortSignal }): AsyncIterable<readonly FileRow[]>;

  /** The newest starts, at most `MOST_STARTS`, oldest first. @throws as `StateReader.read` */
  starts(): Promise<StartRecord[]>;

  /** How far each start had come over time, at most `MOST_POINTS`, oldest first. @throws as `StateReader.read` */
  history(): Promise<HistoryPoint[]>;

  /** The finished work items that took longest, at most `max`, longest first. @throws as `StateReader.read` */
  longest(max: number): Promise<FinishedWorkItem[]>;

  /**
   * What has this name: work items by id or name, else files by the name of their blob, their own, or its last part.
   *
   * @param max at most so many
   * @throws as `StateReader.read`
   */
  find(name: string, max: number): Promise<readonly FoundName[]>;
}

/** Of older starts nothing is kept but their number. */
export const MOST_STARTS = 1_000;

/** When there are more points, every second one is dropped and the next ones come half as often. */
export const MOST_POINTS = 1_000;

/** How often a point is noted in the beginning, ms. */
export const POINT_MS = 15_000;

export interface FileFilter {
  /** Of any job. */
  readonly workItemId?: string | undefined;
  /** undefined: all. */
  readonly outcomes?: ReadonlySet<FileOutcome> | undefined;
}

/** One file, or one work item of which no file is known. */
export interface FileRow {
  /** With the catalog's name when it has one. */
  readonly workItem: WorkItem;
  /** undefined: the row is of the work item as a whole. */
  readonly fileName: string | undefined;
  /** When it is not the template's plain name. */
  readonly blobName: string | undefined;
  readonly outcome: FileOutcome;
  /** Why it failed or was skipped. */
  readonly code: FailureCode | undefined;
  readonly message: string | undefined;
  readonly requestId: string | undefined;
  /** Most requests that one try took. */
  readonly attempts: number;
  readonly bytes: number | undefined;
  /** Base64 MD5 of the content, as it was computed or stated when the file got into the target; undefined when unknown. */
  readonly contentMd5: string | undefined;
  /** When this run's announcement was accepted; ms since the epoch, by the second. */
  readonly announcedAt: number | undefined;
}

/** What a start did. Files are those finished in any way, failed ones among them. */
export interface Progressed {
  readonly files: number;
  readonly failed: number;
  readonly bytes: number;
}

export interface StartRecord extends Progressed {
  readonly number: number;
  readonly host: string;
  /** ms since the epoch, as all times here. */
  readonly beganAt: number;
  /** Its last point; for one that was killed, at most a step before its end. */
  readonly lastAt: number;
  /** undefined while it runs, and when it was killed. */
  readonly endedAt: number | undefined;
  /** undefined when it did not say. */
  readonly exitCode: number | undefined;
  readonly why: string | undefined;
}

/** How far a start had come at a time; counted from its begin, where all are 0. */
export interface HistoryPoint extends Progressed {
  readonly at: number;
  /** The number of the start. */
  readonly start: number;
}

export interface FinishedWorkItem {
  readonly workItem: WorkItem;
  readonly status: WorkItemStatus;
  /** ms since the epoch, by the second; `startedAt` of its last claim. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly filesTotal: number;
  readonly filesFailed: number;
}

/** A work item, or one of its files. */
export interface FoundName {
  readonly workItem: WorkItem;
  readonly fileName: string | undefined;
}
