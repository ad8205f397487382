/**
 * The catalog answers "which files does this work item have?". Kinds: `listing/` (a CSV or NDJSON file), `kusto/`
 * (a query), `container/` (blobs below a prefix) and `folder/` (local files below a prefix).
 */
import type { CatalogFile } from "../core/file.ts";
import type { FailureCode } from "../core/failure.ts";
import type { WorkItem } from "../core/work-item.ts";

/** One work item's answer. */
export interface Lookup {
  readonly workItem: WorkItem;
  /** The catalog's name for the work item; empty when it has none. */
  readonly workItemName: string;
  /** In catalog order: by file name, then link. Duplicates are kept: `planFiles` decides about them. */
  readonly files: readonly CatalogFile[];
  /** What the run's filter leaves out, in any order; undefined when that is nothing. */
  readonly leftOut?: readonly CatalogFile[] | undefined;
  /** Rows of this work item that cannot be used (empty or unparsable link, ...), told in words. */
  readonly problems: readonly string[];
  /** The lookup failed for this work item alone; `files` is empty then. */
  readonly failure?: { readonly code: FailureCode; readonly message: string };
}

/** What a count says of one work item. */
export interface Survey {
  readonly workItem: WorkItem;
  /** Entries that a lookup would give as `files`, repetitions included: comparable with a receipt's count. */
  readonly files: number;
  /** When the first of its links ends, ms since the epoch; undefined when none does, or it is not known. */
  readonly linksEndAt: number | undefined;
  /** The digest that a receipt of these files has, when their names and links were read, too. */
  readonly digest?: string;
}

export interface Catalog {
  /** Kind and place without secrets, such as `listing:files.csv`; part of the run's identity. */
  readonly identity: string;
  /** How many work items are best asked for in one `lookup`. */
  readonly batchSize: number;

  /**
   * Looks up the files of these work items. Gives one answer for each, in any order; a work item without files
   * gives an empty list. Repeating it is harmless. May be called again while an earlier call is under way.
   *
   * With `fresh`, links are fetched anew (an earlier answer may have ended): a listing that was replaced on disk
   * is read again.
   *
   * @throws ReuploadError when the catalog as a whole cannot answer
   */
  lookup(
    workItems: readonly WorkItem[],
    options: { signal: AbortSignal; fresh?: boolean },
  ): AsyncIterable<Lookup>;

  /**
   * Counts the files of these work items without looking each one up, where the catalog can do so cheaply. Gives
   * nothing for work items that it cannot count; may group them anew. For the ETA, and for the order in which work
   * items are taken.
   *
   * @throws ReuploadError when the catalog as a whole cannot answer
   */
  survey(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly Survey[]>;

  /**
   * What work items have now that were completed by an earlier start, to notice that their files have changed since:
   * with digests, unless the catalog can only count. Gives nothing for those that cannot have changed.
   *
   * @throws ReuploadError when the catalog as a whole cannot answer
   */
  recheck(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly Survey[]>;

  /**
   * Rows of the catalog that belong to no work item at all, or not for certain (bad rows of a listing); told once, in
   * the summary.
   */
  rejectedRows(): {
    readonly count: number;
    /** Lists them. */
    readonly file: string | undefined;
    /** Why, where no file says so. */
    readonly reason?: string | undefined;
  };

  close(): Promise<void>;
}
