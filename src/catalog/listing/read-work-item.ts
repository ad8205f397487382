import type { CatalogFile } from "../../core/file.ts";
import { sortFiles } from "../../core/file-plan.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { Lookup } from "../catalog.ts";
import { ExtentRows } from "./extent-rows.ts";
import { fileOfRow } from "./file-of-row.ts";
import type { Generation } from "./generation.ts";
import { isIndexError, keyHash } from "./index-file.ts";
import type { ListingRow } from "./listing-row.ts";
import { isUnchanged } from "./open-listing-file.ts";

/**
 * - a lookup
 * - `changed` the listing was written in place: the index does not speak of what stands there now
 * - `broken`  the listing is as it was, and the index speaks of something else
 */
export type Found = Lookup | "changed" | "broken";

/** Reads the rows of a work item where the index says they stand, and proves that they are its rows. */
export async function readWorkItem(
  workItem: WorkItem,
  generation: Generation,
  signal: AbortSignal,
): Promise<Found> {
  const gathered = new Gathered(workItem);
  let isSound: boolean;
  try {
    isSound = await readRows(gathered, generation, signal);
  } catch (error) {
    if (!isIndexError(error)) throw error;
    isSound = false;
  }
  // Asked after the last read: nothing that was read before can be of a later version.
  if (!isUnchanged(generation.listing)) return "changed";
  return isSound ? gathered.lookup() : "broken";
}

async function readRows(
  gathered: Gathered,
  { listing, index, parts }: Generation,
  signal: AbortSignal,
): Promise<boolean> {
  const key = keyHash(gathered.workItem);
  const rows = new ExtentRows(gathered.workItem, key, (row, line) => gathered.take(row, line));
  for await (const window of parts.read(index.extents(key), signal)) {
    rows.start(window.parts);
    const reader = listing.format.readPart(rows);
    reader.push(window.bytes);
    reader.end();
    if (!rows.end()) return false;
  }
  return true;
}

/** What the rows of a work item say. */
class Gathered {
  readonly workItem: WorkItem;
  readonly #files: CatalogFile[] = [];
  readonly #problems: string[] = [];
  #name = "";

  constructor(workItem: WorkItem) {
    this.workItem = workItem;
  }

  take(row: ListingRow, line: number): void {
    const { file, problems } = fileOfRow(row);
    for (const problem of problems) this.#problems.push(`line ${line}: ${problem}`);
    if (file !== undefined) this.#files.push(file);
    if (row.problem === undefined) this.#takeName(row.field("WorkItemName"));
  }

  lookup(): Lookup {
    return {
      workItem: this.workItem,
      workItemName: this.#name,
      files: sortFiles(this.#files),
      problems: this.#problems,
    };
  }

  /** Of several names the least, so that the order of the rows does not decide how blobs are named. */
  #takeName(name: string): void {
    if (name.trim() !== "" && (this.#name === "" || name < this.#name)) this.#name = name;
  }
}
