/**
 * Whether the target holds what the catalog lists: each file of each work item present, with its length, MD5 and content
 * type, or with its bytes; and which blobs under the run's names no row explains. It only reads, through the doors of
 * catalog, target and state. Memory does not grow with files: work items go through in the order of the CSV.
 */
import type { Catalog } from "../catalog/catalog.ts";
import type { OnCollision } from "../core/file-plan.ts";
import type { CatalogFile } from "../core/file.ts";
import type { Receipt } from "../core/receipt.ts";
import type { NameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { CheckDepth, TargetCheck } from "../transfer/transfer.ts";
import type { Turns } from "./turns.ts";

/**
 * - `missing`        the catalog lists it, and the target has no blob of its name
 * - `different`      the blob has another length, MD5, content type, other attributes or other bytes
 * - `extra`          a blob under the run's names that no row explains
 * - `not-announced`  it is in the target, and the record does not say that it was announced
 * - `unreadable`     it could not be compared: the lookup failed, or the source could not be read
 * - `refused`        it can have no blob: its name is not allowed, or another file of the work item has it
 */
export const FINDING_KINDS = [
  "missing",
  "different",
  "extra",
  "not-announced",
  "unreadable",
  "refused",
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly jobId: string;
  readonly workItemId: string;
  /** undefined for an extra blob, and when the work item as a whole could not be looked up. */
  readonly fileName: string | undefined;
  readonly blobName: string | undefined;
  /** In words. */
  readonly why: string;
}

/**
 * files = same + missing + different + unreadable + refused + leftOut. `same` is the sum of the four ways in which that
 * was proven; `notAnnounced` are among them.
 */
export interface VerifyTally {
  readonly workItems: number;
  /** The catalog lists no file for them. */
  readonly empty: number;
  /** Their lookup failed, as a whole or for some rows of the catalog. */
  readonly lookupsFailed: number;
  /** Work items whose blobs were listed; the blobs of the others were asked for one by one. */
  readonly listed: number;
  /** Their list was not read to its end, because asking one by one was cheaper. Extra blobs were not looked for. */
  readonly notListedToEnd: number;
  readonly files: number;
  readonly sameByBytes: number;
  readonly sameByMd5: number;
  readonly sameByLength: number;
  /** The catalog knows neither length nor MD5. */
  readonly sameByName: number;
  readonly missing: number;
  readonly different: number;
  readonly unreadable: number;
  readonly refused: number;
  /** Skipped as asked for (`--on-collision first`), or left out by the run's filter. */
  readonly leftOut: number;
  readonly notAnnounced: number;
}

export const EMPTY_TALLY: VerifyTally = {
  workItems: 0,
  empty: 0,
  lookupsFailed: 0,
  listed: 0,
  notListedToEnd: 0,
  files: 0,
  sameByBytes: 0,
  sameByMd5: 0,
  sameByLength: 0,
  sameByName: 0,
  missing: 0,
  different: 0,
  unreadable: 0,
  refused: 0,
  leftOut: 0,
  notAnnounced: 0,
};

/** The sum, field by field. */
export function addTallies(a: VerifyTally, b: VerifyTally): VerifyTally {
  const names = Object.keys(EMPTY_TALLY) as (keyof VerifyTally)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as VerifyTally;
}

/** What was found of one work item. */
export interface WorkItemVerdict {
  /** As the CSV has it. */
  readonly workItem: WorkItem;
  readonly tally: VerifyTally;
  readonly findings: readonly Finding[];
  /** Blobs that begin with the work item's names and are none of its files; another row may explain them. */
  readonly unexpected: readonly string[];
  /** The work item's names begin with it; undefined when no beginning is its own. */
  readonly prefix: string | undefined;
  /** What a repair sends; undefined when nothing is missing or different. */
  readonly damage: Damage | undefined;
}

/** The missing and different files of one work item. */
export interface Damage {
  /** Of the lookup that places are of. */
  readonly receipt: Receipt;
  /** Places in catalog order, by what was found. */
  readonly missing: readonly number[];
  readonly different: readonly { readonly place: number; readonly blobName: string }[];
  /** Different entries of the lookup: places are below it. */
  readonly places: number;
}

/** What a state or a checkpoint says of a work item's files. */
export interface WorkItemRecord {
  /**
   * Why the record does not say that the file's announcement was accepted, in words; undefined when it says so, or when
   * none is wanted.
   */
  whyNotAnnounced(file: CatalogFile, place: number, receipt: Receipt): string | undefined;
  /** The operator has the file left out (`--on-conflict skip`): that the blob is another is no news. */
  isSkipped(file: CatalogFile): boolean;
  /** Bytes that the run put into the target, where they are known. */
  bytesOf(file: CatalogFile): number | undefined;
}

/** Where it is recorded what a run did. */
export interface RunRecords {
  /** @returns undefined when nothing is recorded of it */
  read(workItem: WorkItem): Promise<WorkItemRecord | undefined>;
}

/** How far a verification is, file by file; verdicts come later, because they come in order. */
export interface Seen {
  /** Looked up. */
  workItems: number;
  /** Of these, verified to the end. */
  workItemsDone: number;
  /** Files of the work items that were looked up. */
  files: number;
  filesDone: number;
  /** Of these, not as they should be. */
  filesWrong: number;
}

/** Of a verification that begins. */
export function nothingSeen(): Seen {
  return { workItems: 0, workItemsDone: 0, files: 0, filesDone: 0, filesWrong: 0 };
}

export interface VerifyDoors {
  readonly catalog: Pick<Catalog, "lookup" | "batchSize">;
  readonly target: TargetCheck;
  /** undefined: what was announced is not known. */
  readonly records: RunRecords | undefined;
  /** Checks under way at once. */
  readonly turns: Turns;
  /** Counted up as it goes. */
  readonly seen: Seen;
}

export interface VerifyOptions {
  readonly template: NameTemplate;
  readonly onCollision: OnCollision;
  readonly depth: CheckDepth;
  readonly signal: AbortSignal;
}
