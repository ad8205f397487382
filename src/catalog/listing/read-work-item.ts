import type { CatalogFile } from "../../core/file.ts";
import { sortFiles } from "../../core/file-plan.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { Lookup } from "../catalog.ts";
import { fileOfRow } from "./file-of-row.ts";
import type { Generation } from "./generation.ts";
import { type Extent, isIndexError, keyHash } from "./index-file.ts";
import type { ListingRow, RowSink } from "./listing-row.ts";
import { isUnchanged } from "./open-listing-file.ts";

/**
 * - a lookup
 * - `changed` the listing was written in place: the index does not speak of what stands there now
 * - `broken`  the listing is as it was, and the index speaks of something else
 */
export type Found = Lookup | "changed" | "broken";

/** Extents asked of the index in one go. */
const PAGE = 512;

/** Reads the rows of a work item where the index says they stand, and proves that they are its rows. */
export async function readWorkItem(
  workItem: WorkItem,
  generation: Generation,
  signal: AbortSignal,
): Promise<Found> {
  const rows = new RowsOfWorkItem(workItem);
  let isSound: boolean;
  try {
    isSound = await readRows(rows, generation, signal);
  } catch (error) {
    if (!isIndexError(error)) throw error;
    isSound = false;
  }
  // Asked after the last read: nothing that was read before can be of a later version.
  if (!(await isUnchanged(generation.listing))) return "changed";
  return isSound ? rows.lookup() : "broken";
}

async function readRows(
  rows: RowsOfWorkItem,
  { listing, index, parts }: Generation,
  signal: AbortSignal,
): Promise<boolean> {
  for (let last = -1; ;) {
    const page = index.extents(rows.key, last, PAGE);
    for await (const window of parts.read(page, signal)) {
      for (const [extent, bytes] of window) {
        const reader = listing.format.readPart(rows, extent);
        reader.push(bytes);
        reader.end();
        if (!rows.endExtent(extent)) return false;
      }
    }
    if (page.length < PAGE) return true;
    last = page.at(-1)?.offset ?? last;
  }
}

/** Gathers the rows whose ids are those of the work item: others may share its hash. */
class RowsOfWorkItem implements RowSink {
  readonly key: number;
  readonly #workItem: WorkItem;
  readonly #files: CatalogFile[] = [];
  readonly #problems: string[] = [];
  #name = "";

  // The extent that is being read.
  #own = 0;
  #sharingHash = 0;
  #foreign = 0;

  constructor(workItem: WorkItem) {
    this.#workItem = workItem;
    this.key = keyHash(workItem);
  }

  row(row: ListingRow): void {
    if (row.workItemId === this.#workItem.workItemId && row.jobId === this.#workItem.jobId) {
      this.#own++;
      this.#take(row);
    } else if (keyHash(row) === this.key) {
      this.#sharingHash++;
    } else {
      this.#foreign++;
    }
  }

  /** The rejected file has them; those that name the work item come as rows as well. */
  rejected(): void {}

  /** Whether what was read is what was indexed: that many rows, all of this work item or all of another one. */
  endExtent({ rows }: Extent): boolean {
    const isOwn = this.#own === rows && this.#sharingHash === 0;
    const isOfAnother = this.#own === 0 && this.#sharingHash === rows;
    const isSound = this.#foreign === 0 && (isOwn || isOfAnother);
    this.#own = 0;
    this.#sharingHash = 0;
    this.#foreign = 0;
    return isSound;
  }

  lookup(): Lookup {
    return {
      workItem: this.#workItem,
      workItemName: this.#name,
      files: sortFiles(this.#files),
      problems: this.#problems,
    };
  }

  #take(row: ListingRow): void {
    const { file, problems } = fileOfRow(row);
    this.#problems.push(...problems);
    if (file !== undefined) this.#files.push(file);
    if (row.problem === undefined) this.#takeName(row.field("WorkItemName"));
  }

  /** Of several names the least, so that the order of the rows does not decide how blobs are named. */
  #takeName(name: string): void {
    if (name.trim() !== "" && (this.#name === "" || name < this.#name)) this.#name = name;
  }
}
