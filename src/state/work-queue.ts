/**
 * Which work items are to be done, and who holds them. A claimed work item is held by one holder until it is finished
 * (`Ledger.record`) or given back.
 *
 * A state holds the work items of one or more partitions. A run of the whole CSV, and one of a fixed partition, begins
 * with all of its work items in the queue. A run that takes partitions as they get free (`auto`) begins with none: they
 * are `not_mine` until their partition is admitted.
 */
import type { Checkpoint } from "../core/checkpoint.ts";
import type { Receipt } from "../core/receipt.ts";
import type { WorkItemStatus } from "../core/states.ts";
import type { WorkItem } from "../core/work-item.ts";

export interface WorkQueue {
  /**
   * Claims up to `max` pending work items; they are `in_progress` from then on, and no other holder gets them. First
   * come those whose links end first (by the hour), then those with most files, as far as surveys told; the others in
   * input order. With `OpenOptions.only`, none beyond those. A holder never gets the same work item twice in one start,
   * unless a survey or an admission brought it back. On an error or a cancellation nothing is claimed.
   *
   * Without claims the answer tells two cases apart: `nothing-now` when others hold the rest or a partition is neither
   * here nor known to be done (wait for `changed`), and `all-done` when nothing is left that this holder does not hold
   * itself. A survey, an admission or a release may end `all-done`, too; `changed` then resolves.
   *
   * @throws ReuploadError `disk-full`, `internal`; the signal's reason
   */
  claim(max: number, options: { readonly signal: AbortSignal }): Promise<ClaimAnswer>;

  /**
   * Resolves once the last answer to this holder's `claim` may be another one: at once when that is so already, so that
   * no change is missed between the two calls. Many may wait at once.
   *
   * @throws the signal's reason
   */
  changed(signal: AbortSignal): Promise<void>;

  /**
   * Gives back claimed work items unfinished: pending again for other holders, and for this one in the next start. When
   * their partition was withdrawn they are `not_mine`. What was recorded of their files stays. Durable after the next
   * commit. Never waits.
   *
   * @param claims ids of claims of this holder; others are an internal error that changes nothing
   */
  release(claims: readonly number[]): void;

  /**
   * Takes a partition into the queue, and what its checkpoint knows into the state: done elsewhere, failed, skipped, and
   * which files of open work items are completed. A completed fact of either side stands; for the rest the higher epoch
   * wins. The partition's epoch here is then one above both. Repeating it with the same checkpoint changes nothing else.
   * Work items in progress stay so. In a run of the whole CSV, or of a fixed partition, it adds the checkpoint's facts.
   * Committed when it returns; on an error nothing has changed.
   *
   * @param checkpoint undefined: the partition was never worked on
   * @throws ReuploadError `checkpoint-unusable` when it is over other rows than the state has; `disk-full`, `internal`
   */
  admit(partition: number, checkpoint: Checkpoint | undefined): Promise<void>;

  /**
   * Takes a partition out of the queue: its pending work items are `not_mine`, and the `lost` signals of its claims
   * abort. Facts that arrive afterwards are still recorded. Harmless when the partition is not here. Committed when it
   * returns.
   *
   * @param why the reason of the `lost` signals
   * @throws ReuploadError `disk-full`, `internal`
   */
  withdraw(partition: number, why: Error): Promise<void>;

  /** How many work items each partition of the state has; those without any are left out. Reads all rows: once a start. */
  sizes(): ReadonlyMap<number, number>;

  /**
   * How many work items of a partition have not come to their end here: pending, in progress or not in the queue; and how
   * many of them are in progress, which a partition that was lost may have for a while. What is recorded counts, committed
   * or not.
   *
   * @throws ReuploadError `disk-full`, `internal`
   */
  left(partition: number): { readonly all: number; readonly inProgress: number };

  /** Another holder of the same queue: neither gets what the other holds. It lives as long as the state is open. */
  beside(): WorkQueue;
}

/** What an operator's word did to a work item. */
export type Rearranged =
  | {
      readonly kind: "found";
      readonly workItem: WorkItem;
      /** Before and after; the same when the request does not apply to it, or changes nothing more. */
      readonly from: WorkItemStatus;
      readonly to: WorkItemStatus;
    }
  | { readonly kind: "unknown" }
  /** Several jobs have a work item with this id; `jobIds` are the first of them. */
  | { readonly kind: "ambiguous"; readonly jobIds: readonly string[] };

export type ClaimAnswer =
  | { readonly kind: "claims"; readonly claims: readonly Claim[] }
  | { readonly kind: "nothing-now" }
  | { readonly kind: "all-done" };

/** A work item held by one holder. */
export interface Claim {
  /** The claim's handle, used in events. */
  readonly id: number;
  readonly workItem: WorkItem;
  /** Its partition; 0 in a run of the whole CSV. */
  readonly partition: number;
  /**
   * Aborts when the partition was withdrawn: begin nothing more for this work item, and give it back. One signal for
   * all claims of one admission.
   */
  readonly lost: AbortSignal;
  /** By `fileKey`; empty for a work item that was never opened. */
  readonly knownFiles: ReadonlyMap<string, KnownFile>;
  /** The name that an earlier lookup was opened with: names in the target were made from it. */
  readonly openedAs: string | undefined;
  /** Files that the catalog counted before; undefined when it did not. */
  readonly surveyedFiles: number | undefined;
  /** What another machine had completed of it, by its checkpoint; holds for a lookup with this receipt alone. */
  readonly elsewhere: FilesElsewhere | undefined;
}

/** The completed files of a work item that another machine had open. */
export interface FilesElsewhere {
  readonly receipt: Receipt;
  /** One bit a file in catalog order, the lowest bit of a byte first; those beyond the end are not set. */
  readonly completed: Uint8Array;
}

/**
 * What the state knows of a file from before; files that were never touched are not listed. One that failed and is to
 * be tried again has no fact left, or is in the target.
 */
export interface KnownFile {
  readonly inTarget: boolean;
  /** In the target by the word of another tool's state, which `import-state` took over. */
  readonly takenOver: boolean;
  /** Nothing is left to do: in the target, and announced or no announcement wanted. */
  readonly completed: boolean;
  /** Failed and not to be tried again in this start (`--retry-failed CODE`). */
  readonly failed: boolean;
  readonly skipped: boolean;
  /** The name it got in the target, when that is not the template's plain one. */
  readonly blobName: string | undefined;
}
