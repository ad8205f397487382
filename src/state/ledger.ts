/**
 * The facts of files and work items. The ledger is their only writer. Facts reach it as events, which are committed in
 * groups at most some milliseconds apart; `committed` is awaited where an invariant needs durability.
 */
import type { Checkpoint } from "../core/checkpoint.ts";
import type { FailureCode } from "../core/failure.ts";
import type { Incident } from "../core/incident.ts";
import type { CatalogFile } from "../core/file.ts";
import type { Receipt } from "../core/receipt.ts";
import type { WorkItemStatus } from "../core/states.ts";

export interface Ledger {
  /**
   * Takes an event of a claimed work item; it is durable after the next group commit. Never waits. It is taken also
   * when the claim is lost. An impossible move is an internal error that changes nothing.
   *
   * @throws ReuploadError `internal`
   */
  record(event: StateEvent): void;

  /**
   * Resolves once everything recorded before is committed. After one failed commit it rejects for ever, and nothing is
   * written any more.
   *
   * @param when `now`: nothing is under way that could share the commit; by default `soon`
   * @throws ReuploadError `disk-full`, `internal`
   */
  committed(when?: "soon" | "now"): Promise<void>;

  /** Where the run stands, uncommitted events included. Never scans anything, so that it may be asked every second. */
  tally(): StateSummary;

  /** Failures and skips grouped by outcome and code, most first. @throws ReuploadError `disk-full`, `internal` */
  failures(): Promise<FailureGroup[]>;

  /**
   * The committed facts of one partition, compact: see `core/checkpoint.ts`. Reads the partition's work items in pieces,
   * so that others get their turn; each piece is as it stands when it is read. A fact that was committed before the call
   * is in it, and a later checkpoint never knows less.
   *
   * @throws ReuploadError `disk-full`, `internal`; the signal's reason
   */
  checkpoint(partition: number, options: { readonly signal: AbortSignal }): Promise<Checkpoint>;
}

/** A failure as it is kept. Texts are redacted. */
export interface FailureRecord {
  readonly code: FailureCode;
  readonly message: string;
  readonly attempts: number;
  readonly requestId?: string | undefined;
}

/** What is the same for every event of a file. */
interface FileEvent {
  /** The claim's id. */
  readonly workItem: number;
  readonly file: CatalogFile;
  /** Its number in catalog order, from 0; undefined for one that the lookup does not list. */
  readonly place: number | undefined;
  /** What kept it from succeeding at once, since the event before; kept as detail. */
  readonly incidents?: readonly Incident[];
}

/**
 * What happens to a claimed work item and its files, in the order it happens. `workItem` is the claim's id. `attempts`
 * above 1 and a `blobName` (only given when it is not the template's plain name) are kept as detail.
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
      /** Files that the run's filter leaves out, not among `filesTotal`. */
      readonly leftOut?: number;
      readonly receipt: Receipt;
      /** Known files that this lookup no longer lists; `filesTotal` holds them too. Those told before are told again. */
      readonly vanished?: readonly CatalogFile[];
      /** By `fileKey`: the numbers in catalog order of files that were known before. */
      readonly places?: ReadonlyMap<string, number>;
    }
  | (FileEvent & {
      readonly kind: "file-uploaded";
      readonly bytes: number | undefined;
      /** Base64; kept for reports. */
      readonly contentMd5?: string | undefined;
      readonly alreadyThere: boolean;
      /** By the word of another tool's state. */
      readonly takenOver?: boolean;
      readonly attempts: number;
      readonly blobName?: string;
      /** `blobName` was shortened to the service's limit. */
      readonly shortened?: boolean;
    })
  | (FileEvent & {
      /** The file was recorded as uploaded before. `announced` is false when none is wanted. */
      readonly kind: "file-completed";
      readonly announced: boolean;
    })
  | (FileEvent & {
      /** Another machine completed it before its partition came here (`Claim.elsewhere`). */
      readonly kind: "file-done-elsewhere";
    })
  | (FileEvent & {
      readonly kind: "file-failed" | "file-skipped";
      readonly failure: FailureRecord;
    })
  | {
      readonly kind: "work-item-finished";
      readonly workItem: number;
      readonly status: "completed" | "empty" | "failed";
      readonly failure?: FailureRecord;
    };

/**
 * Where the run stands. Counted as events come, never by scanning files. Each file counted in `total` is in exactly
 * one of copied, alreadyThere, failed, skipped, uploaded, elsewhere, or in none of them: not finished yet.
 */
export interface StateSummary {
  /** Every work item of the state is in exactly one of them. */
  readonly workItems: Readonly<Record<WorkItemStatus, number>>;
  /** Of the pending and in progress work items, those never looked up: their files are not in `files.total` yet. */
  readonly notLookedUp: number;
  /** Of those never looked up, how many were not surveyed either: nothing is known of their files. */
  readonly notSurveyed: number;
  readonly files: {
    /** Files of the work items that were looked up, and those completed elsewhere. */
    readonly total: number;
    /** Completed (announced too, where that is wanted), and put there by this run. */
    readonly copied: number;
    /** Completed, and in the target before. */
    readonly alreadyThere: number;
    /** Completed by another machine before their partition came here. */
    readonly elsewhere: number;
    /** Failed, whether or not they are in the target. */
    readonly failed: number;
    readonly skipped: number;
    /** In the target, but their announcement is still owed; failed ones are not counted here. */
    readonly uploaded: number;
    readonly announced: number;
    /** Catalog entries dropped as repetitions of another. */
    readonly duplicates: number;
    /** Left out by the run's filter, of the work items that were looked up here; not in `total`. */
    readonly leftOut: number;
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
