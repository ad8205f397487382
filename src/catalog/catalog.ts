/**
 * The catalog answers "which files does this work item have?". Kinds: `listing/` (a CSV or NDJSON file);
 * Kusto, container and folder follow behind the same door.
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
  /** Rows of this work item that cannot be used (empty or unparsable link, ...), told in words. */
  readonly problems: readonly string[];
  /** The lookup failed for this work item alone; `files` is empty then. */
  readonly failure?: { readonly code: FailureCode; readonly message: string };
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
   * How many files these work items have in all, when that can be known without looking each one up; undefined when
   * the catalog cannot say. An estimate for the ETA only.
   */
  countFiles(
    workItems: AsyncIterable<readonly WorkItem[]>,
    options: { signal: AbortSignal },
  ): Promise<number | undefined>;

  /**
   * Rows of the catalog that belong to no work item at all, or not for certain (bad rows of a listing); told once, in
   * the summary.
   */
  rejectedRows(): { readonly count: number; readonly file: string | undefined };

  close(): Promise<void>;
}
