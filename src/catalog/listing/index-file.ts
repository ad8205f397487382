/**
 * The index of a listing: where in the file the rows of each work item stand. Nothing of a row's content is in it (a
 * link holds a secret), not even the ids: a work item is found by 53 bits of its key's SHA-256, and who looks up
 * compares the ids that stand in the rows. Rows of one work item that follow each other are one extent, so that a
 * sorted listing needs few; all extents of a work item stand together, so that a lookup finds them at once.
 *
 * It is a cache beside the state that may be deleted at any time. It counts for one version of one listing, and only
 * as long as its content proves to be what was written.
 */
import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { systemErrorCode } from "../../core/errors.ts";
import { sha256Bytes, uint32At } from "../../core/sha256.ts";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import { type Extent, unpackExtents } from "./extents.ts";
import type { Fingerprint } from "./open-listing-file.ts";

/** Raise it when what is written, or how rows are read, changes: older indexes are then built anew. */
const INDEX_VERSION = 2;

/** `check` is the CRC-32 of the packed extents; `links_end` in seconds since the epoch, 0 for never. */
export const SCHEMA = `
  CREATE TABLE listing (rejected, work_items, seal);
  CREATE TABLE work_items (
    key INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,
    links_end INTEGER NOT NULL,
    check_sum INTEGER NOT NULL,
    extents BLOB NOT NULL
  );
`;

/** One more than the greatest `keyHash`. */
export const KEY_SPACE = 2 ** 53;

/** 53 bits, the integers that a number holds exactly. Two keys may share them. */
export function keyHash(workItem: Pick<WorkItem, "jobId" | "workItemId">): number {
  const digest = sha256Bytes(workItemKey(workItem));
  return (uint32At(digest, 4) >>> 11) * 2 ** 32 + uint32At(digest, 0);
}

/** What the index says of a work item without its rows being read. */
export interface IndexedWorkItem {
  readonly rows: number;
  /** When the first of its links ends, ms since the epoch. */
  readonly linksEndAt: number | undefined;
}

export class IndexFile {
  /** Rows of the listing that belong to no work item. */
  readonly rejected: number;
  readonly #database: DatabaseSync;
  readonly #extents: StatementSync;
  readonly #workItem: StatementSync;

  private constructor(database: DatabaseSync, rejected: number) {
    this.rejected = rejected;
    this.#database = database;
    this.#extents = database.prepare("SELECT check_sum, extents FROM work_items WHERE key = ?");
    this.#workItem = database.prepare("SELECT rows, links_end FROM work_items WHERE key = ?");
  }

  /** Opens the index of this version of the listing; undefined when there is none that can be relied on. */
  static async open(path: string, listing: Fingerprint, signal: AbortSignal): Promise<IndexFile | undefined> {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true });
      const head = database.prepare("SELECT rejected, work_items, seal FROM listing").get() ?? {};
      const content = { rejected: Number(head["rejected"]), workItems: Number(head["work_items"]) };
      if (head["seal"] !== (await computeSeal(database, listing, content, signal))) return undefined;
      const index = new IndexFile(database, content.rejected);
      database = undefined;
      return index;
    } catch (error) {
      if (isIndexError(error)) return undefined;
      throw error;
    } finally {
      database?.close();
    }
  }

  /** The extents of the key, in file order. @throws an error for which `isIndexError` is true */
  extents(key: number): Iterable<Extent> {
    const found = this.#extents.get(key);
    if (found === undefined) return [];
    const packed = found["extents"];
    if (packed instanceof Uint8Array && crc32(packed) === found["check_sum"]) return unpackExtents(packed);
    throw new DamagedIndexError(`the extents of ${key} are not as they were written`);
  }

  /** @throws an error for which `isIndexError` is true */
  workItem(key: number): IndexedWorkItem {
    const found = this.#workItem.get(key);
    const linksEnd = Number(found?.["links_end"] ?? 0);
    return { rows: Number(found?.["rows"] ?? 0), linksEndAt: linksEnd === 0 ? undefined : linksEnd * 1000 };
  }

  close(): void {
    this.#database.close();
  }
}

/** Work items that are looked at in one go; some 20 ms. */
const SLICE = 50_000;

/**
 * A digest of all that an index says, and of the listing's version: SQLite itself would not notice a changed value,
 * and a lost work item is lost files. For the packed extents stand their check sums, which are looked at when the
 * extents are used.
 */
export async function computeSeal(
  database: DatabaseSync,
  listing: Fingerprint,
  { rejected, workItems }: { rejected: number; workItems: number },
  signal: AbortSignal,
): Promise<string> {
  const statement = database.prepare(`
    SELECT count(*) AS found, total((key * 31 + rows * 7 + links_end * 5 + check_sum * 3) % 16777213) AS sum
    FROM work_items WHERE key >= ? AND key < ?`);
  const slices = Math.max(1, Math.ceil(workItems / SLICE));
  let found = 0;
  let sum = 0;
  for (let slice = 0; slice < slices; slice++) {
    signal.throwIfAborted();
    const row = statement.get(partBorder(slice, slices), partBorder(slice + 1, slices));
    found += Number(row?.["found"]);
    sum += Number(row?.["sum"]);
    await setImmediate();
  }
  const { size, mtimeNs, sample } = listing;
  return hash(
    "sha256",
    JSON.stringify([INDEX_VERSION, size, mtimeNs, sample, rejected, workItems, found, sum]),
  );
}

/** Where the keys of the given one of `parts` equal parts begin. */
function partBorder(part: number, parts: number): number {
  return Math.ceil((KEY_SPACE / parts) * part);
}

class DamagedIndexError extends Error {}

/** Whether the error says that the file is no sound index: SQLite's own, and a value that no index holds. */
export function isIndexError(error: unknown): boolean {
  if (error instanceof DamagedIndexError) return true;
  return ["ERR_SQLITE_ERROR", "ERR_OUT_OF_RANGE"].includes(systemErrorCode(error) ?? "");
}
