import type { WorkItem } from "../../core/work-item.ts";
import type { Extent } from "./extents.ts";
import { keyHash } from "./index-file.ts";
import type { ListingRow, RowSink } from "./listing-row.ts";

/** Takes a row of the work item and the line that it stands on in the listing. */
export type TakeRow = (row: ListingRow, line: number) => void;

/**
 * Stands between the rows of some extents, read one after the other, and who wants those of one work item. Tells
 * whether they are what was indexed: in each extent as many rows as the index says, all of them the work item's, or
 * all of them another's whose key has the same hash.
 */
export class ExtentRows implements RowSink {
  readonly #workItem: WorkItem;
  readonly #key: number;
  readonly #take: TakeRow;

  #extents: readonly Extent[] = [];
  #isSound = true;
  /** Which extent is being read, and where it ends among what is read. */
  #current = -1;
  #end = 0;
  /** Added to a line among what is read it gives the line in the listing. */
  #lineShift = 0;
  #own = 0;
  #sharingHash = 0;

  constructor(workItem: WorkItem, key: number, take: TakeRow) {
    this.#workItem = workItem;
    this.#key = key;
    this.#take = take;
  }

  /** The rows of these extents follow, each extent with one byte behind it. */
  start(extents: readonly Extent[]): void {
    this.#extents = extents;
    this.#isSound = true;
    this.#current = -1;
    this.#end = 0;
  }

  row(row: ListingRow): void {
    while (row.offset >= this.#end) this.#enterExtent(row.line);
    if (row.workItemId === this.#workItem.workItemId && row.jobId === this.#workItem.jobId) {
      this.#own++;
      this.#take(row, row.line + this.#lineShift);
    } else if (keyHash(row) === this.#key) {
      this.#sharingHash++;
    } else {
      this.#isSound = false;
    }
  }

  /** The rejected file has them; those that name the work item come as rows as well. */
  rejected(): void {}

  /** That was all. Tells whether it is what was indexed. */
  end(): boolean {
    this.#leaveExtent();
    return this.#isSound && this.#current === this.#extents.length - 1;
  }

  #enterExtent(line: number): void {
    this.#leaveExtent();
    this.#current++;
    const extent = this.#extents[this.#current];
    this.#end = extent === undefined ? Infinity : this.#end + extent.length + 1;
    this.#lineShift = (extent?.line ?? 0) - line;
  }

  #leaveExtent(): void {
    const rows = this.#extents[this.#current]?.rows ?? 0;
    const isOwn = this.#own === rows && this.#sharingHash === 0;
    const isOfAnother = this.#own === 0 && this.#sharingHash === rows;
    if (!isOwn && !isOfAnother) this.#isSound = false;
    this.#own = 0;
    this.#sharingHash = 0;
  }
}
