/**
 * The state of one run on one machine: which work items there are, how far each file is, what failed and why.
 * The store is the only writer. Kind: `sqlite/`; a shared database can stand behind the same door, so
 * claims are asynchronous and may give less than is asked for.
 *
 * Facts reach it as events (`record`), which are committed in groups at most some milliseconds apart;
 * `committed` is awaited where an invariant needs durability.
 */
import type { FailureCode } from "../core/failure.ts";
import type { CatalogFile } from "../core/file.ts";
import type { Receipt } from "../core/receipt.ts";
import type { RunIdentity } from "../core/run-identity.ts";
import type { WorkItem } from "../core/work-item.ts";

/** What the CSV held; fixed once it is loaded. rows = ours + duplicates + rejected + otherPartitions. */
export interface InputCounts {
  /** Data rows, blank lines not counted. */
  readonly rows: number;
  /** Distinct work items of this partition. */
  readonly ours: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Distinct work items of other partitions. */
  readonly otherPartitions: number;
}

export interface RunRecord {
  readonly runId: string;
  readonly identity: RunIdentity;
  /** The options the run was started with, for a resume that does not give them again; nothing secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly input: InputCounts;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** How often the run was started, 1 for the first time. */
  readonly starts: number;
}

/**
 * What the state knows of a file from before; files that were never touched are not listed. One that failed and is to
 * be tried again has no fact left, or is in the target.
 */
export interface KnownFile {
  readonly inTarget: boolean;
  /** It was in the target before this run (`--announce-existing never` leaves it unannounced). */
  readonly alreadyThere: boolean;
  readonly announced: boolean;
  /** Nothing is left to do: in the target, and announced or no announcement wanted. */
  readonly completed: boolean;
  /** Failed and not to be tried again in this start (`--retry-failed CODE`). */
  readonly failed: boolean;
  readonly skipped: boolean;
  /** The name it got in the target, when that is not the template's plain one. */
  readonly blobName: string | undefined;
}

export interface ClaimedWorkItem {
  /** The store's handle, used in events. */
  readonly id: number;
  readonly workItem: WorkItem;
  /** By `fileKey`; empty for a work item that was never opened. */
  readonly knownFiles: ReadonlyMap<string, KnownFile>;
  /** What an earlier lookup gave, when there was one. */
  readonly receipt: Receipt | undefined;
  /** The name that this lookup was opened with: names in the target were made from it. */
  readonly openedAs: string | undefined;
  /** Files that the catalog counted before this lookup; undefined when it did not. */
  readonly surveyedFiles: number | undefined;
}

/** A failure as it is kept. Texts are redacted. */
export interface FailureRecord {
  readonly code: FailureCode;
  readonly message: string;
  readonly attempts: number;
  readonly requestId?: string | undefined;
}

/**
 * What happens to a claimed work item and its files, in the order it happens. `workItem` is the claim's id.
 * `attempts` above 1 and a `blobName` (only given when it is not the template's plain name) are kept as detail.
 */
export type StateEvent =
  | {
      readonly kind: "work-item-opened";
      readonly workItem: number;
      /** The catalog's name when it has one, else the CSV's. */
      readonly workItemName: string;
      /** Files to account for: planned + refused, without duplicates. */
      readonly filesTotal: number;
      readonly duplicates: number;
      readonly receipt: Receipt;
      /** Known files that this lookup no longer lists; `filesTotal` holds them too. Those told before are told again. */
      readonly vanished?: readonly CatalogFile[];
    }
  | {
      readonly kind: "file-uploaded";
      readonly workItem: number;
      readonly file: CatalogFile;
      readonly bytes: number | undefined;
      readonly alreadyThere: boolean;
      readonly attempts: number;
      readonly blobName?: string;
      /** `blobName` was shortened to the service's limit. */
      readonly shortened?: boolean;
    }
  | {
      /** The file was recorded as uploaded before. `announced` is false when none is wanted. */
      readonly kind: "file-completed";
      readonly workItem: number;
      readonly file: CatalogFile;
      readonly announced: boolean;
    }
  | {
      readonly kind: "file-failed" | "file-skipped";
      readonly workItem: number;
      readonly file: CatalogFile;
      readonly failure: FailureRecord;
    }
  | {
      readonly kind: "work-item-finished";
      readonly workItem: number;
      readonly status: "completed" | "empty" | "failed";
      readonly failure?: FailureRecord;
    }
  | {
      /** Given back unfinished (stop, drain): pending again. */
      readonly kind: "work-item-released";
      readonly workItem: number;
    };

/**
 * Where the run stands. Counted as events come, never by scanning files. Each file counted in `total` is in exactly
 * one of copied, alreadyThere, failed, skipped, uploaded, or in none of them: not finished yet.
 */
export interface StateSummary {
  readonly workItems: Readonly<Record<"pending" | "in_progress" | "completed" | "empty" | "failed", number>>;
  /** Of the pending and in progress work items, those never looked up: their files are not in `files.total` yet. */
  readonly notLookedUp: number;
  /** Of those never looked up, how many were not surveyed either: nothing is known of their files. */
  readonly notSurveyed: number;
  readonly files: {
    /** Files of the work items that were looked up. */
    readonly total: number;
    /** Completed (announced too, where that is wanted), and put there by this run. */
    readonly copied: number;
    /** Completed, and in the target before. */
    readonly alreadyThere: number;
    /** Failed, whether or not they are in the target. */
    readonly failed: number;
    readonly skipped: number;
    /** In the target, but their announcement is still owed; failed ones are not counted here. */
    readonly uploaded: number;
    readonly announced: number;
    /** Catalog entries dropped as repetitions of another. */
    readonly duplicates: number;
    /** Names that were shortened to the service's limit. */
    readonly shortened: number;
    /** Files of the work items that were surveyed and not looked up yet, as the catalog counted them. */
    readonly expected: number;
  };
  /**
   * What later lookups gave otherwise than the ones before (`Receipt`). Files that were never touched have no name in
   * the state: where some of them came and others went, only the difference is counted, and in this start alone.
   */
  readonly drift: {
    /** Work items whose receipt changed in this start. */
    readonly workItems: number;
    /** Files that a lookup of this start listed anew. */
    readonly filesAdded: number;
    /** Files that were listed once and are not any more, whether or not they are in the target. */
    readonly filesVanished: number;
  };
  /** Bytes that this run put into the target, where they are known. */
  readonly bytes: number;
}

/** The files and work items that ended with one code in one way; over all groups they add up to the summary's counts. */
export interface FailureGroup {
  readonly code: FailureCode;
  readonly outcome: "failed" | "skipped";
  readonly files: number;
  /** Work items that failed as a whole (their lookup failed, `no-files`), not those that hold failed files. */
  readonly workItems: number;
  /** Up to five. */
  readonly samples: readonly {
    readonly jobId: string;
    readonly workItemId: string;
    /** undefined when the work item as a whole failed. */
    readonly fileName: string | undefined;
    readonly message: string;
    readonly requestId: string | undefined;
  }[];
}

/** What only the running process knows, told to those who read the state beside it. Counters are of this start. */
export interface Heartbeat {
  /** ms since the epoch. */
  readonly at: number;
  readonly slots: number;
  readonly slotsInUse: number;
  readonly openWorkItems: number;
  readonly retries: number;
  readonly throttles: number;
  readonly hedges: number;
  /** Services that are waited for. */
  readonly waiting: readonly {
    readonly what: string;
    readonly since: number;
    readonly advice: string;
    readonly throttled: boolean;
  }[];
}

/** How a start ended, for those who read the state later. */
export interface StartEnding {
  readonly exitCode: number;
  /** In a few words, such as `finished` or `Ctrl+C`. */
  readonly why: string;
}

/** What a survey says of one work item (see the catalog's door). */
export interface SurveyedWorkItem {
  readonly workItem: WorkItem;
  readonly files: number;
  /** ms since the epoch. */
  readonly linksEndAt: number | undefined;
  /** The receipt's digest, when names and links were read. */
  readonly digest?: string;
}

export interface StateStore {
  readonly run: RunRecord;

  /**
   * Claims up to `max` pending work items for this machine; they are `in_progress` from then on. First come those
   * whose links end first (by the hour), then those with most files, as far as surveys told; the others in input
   * order. With `OpenOptions.only`, none beyond those. Gives fewer, or none, when no more are pending; never the same
   * work item twice in one start, unless a survey brought it back.
   */
  claim(max: number, options: { signal: AbortSignal }): Promise<ClaimedWorkItem[]>;

  /** Takes an event; it is durable after the next group commit. Never waits. An impossible move is an internal error. */
  record(event: StateEvent): void;

  /** Resolves once everything recorded before is committed; rejects when that failed (`disk-full`, `internal`). */
  committed(): Promise<void>;

  /** Where the run stands, uncommitted events included. */
  summary(): StateSummary;

  /** Failures and skips grouped by outcome and code, most first. */
  failures(): Promise<FailureGroup[]>;

  /** The work items never looked up, in batches, so that their files can be counted. With `OpenOptions.only`, of these alone. */
  toSurvey(options: { signal: AbortSignal }): AsyncIterable<readonly WorkItem[]>;

  /**
   * The work items that an earlier start completed, in batches, so that it is noticed what has changed since. None with
   * `OpenOptions.only`.
   */
  toRecheck(options: { signal: AbortSignal }): AsyncIterable<readonly WorkItem[]>;

  /**
   * Takes what a survey or a recheck says. A work item never looked up gets its place in the order of claims; a completed
   * one whose count, or digest when there is one, is not its receipt's is pending again, to be looked up anew. Work items
   * in progress, failed or unknown are passed over. Committed when it returns: some thousand at once are best. Gives how
   * many are pending again.
   *
   * @throws ReuploadError `disk-full`, `internal`
   */
  noteSurvey(surveys: readonly SurveyedWorkItem[]): number;

  /** Tells those who read the state beside this process how it goes; about every second, written with the next commit. */
  beat(heartbeat: Heartbeat): void;

  /** Notes how this start ended; written at `close`. A start that closes without has ended too, nobody knows how. */
  noteEnding(ending: StartEnding): void;

  /** Commits what is recorded, checkpoints, releases the lock. The one state file can be copied afterwards. */
  close(): Promise<void>;
}
