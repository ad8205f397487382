/**
 * The announcements that a state owes, for those who send them apart from a run (`reupload announce`): what is in the
 * target and was not announced, or all of it once more. Kind: `sqlite/`.
 */
import type { RunRecord } from "./run-record.ts";

/** The files in the target, each in one class. */
export interface AnnouncementCounts {
  /** Completed and never announced: the run had no queue, or `--announce-existing never` left them out. */
  readonly owed: number;
  /** Of these, the ones that were in the target before the run put anything there. */
  readonly owedExisting: number;
  /** Completed and announced before; `--all` sends them again. */
  readonly announced: number;
  /** Of these, the ones that an `--all` still has to send again: it did not come to its end. */
  readonly again: number;
  /** In the target, and not completed: the run itself announces them when it is resumed. */
  readonly leftToRun: number;
}

/** A file to announce. */
export interface OwedFile {
  /** The store's handle. */
  readonly id: number;
  readonly jobId: string;
  readonly workItemId: string;
  /** The catalog's name when it has one, else the CSV's. */
  readonly workItemName: string;
  readonly fileName: string;
  /** When it is not the template's plain name. */
  readonly blobName: string | undefined;
}

export interface AnnouncementStore {
  readonly run: RunRecord;
  /** As it stood when the store was opened; with `all`, every announced file is to be sent again. */
  readonly counts: AnnouncementCounts;

  /** Of a state that takes free partitions: those that have files to announce. Reads each file once. */
  partitions(): readonly number[];

  /** The next files to announce, at most `max`, in the order in which they got into the state; none twice. */
  next(max: number): readonly OwedFile[];

  /** Notes that the queue has accepted it; durable after the next group commit. Never waits. */
  announced(file: OwedFile): void;

  /** Resolves once everything noted before is committed; rejects when that failed (`disk-full`, `internal`). */
  committed(): Promise<void>;

  /** Commits what is noted, checkpoints, releases the lock. */
  close(): Promise<void>;
}

export interface AnnouncementOptions {
  readonly location: string;
  /** Those announced before, too; goes on with an earlier `all` that did not come to its end. */
  readonly all: boolean;
  /** Kept with the run when it has none of its own: all of its announcements go to one queue. */
  readonly queue: string;
}
