/**
 * The index of a listing: where in the file the rows of each work item stand. Nothing of a row's content is in it (a
 * link holds a secret), not even the ids: a work item is found by 53 bits of its key's SHA-256, and who looks up
 * compares the ids that stand in the rows. Rows of one work item that follow each other are one extent, so that a
 * sorted listing needs few.
 *
 * It is a cache beside the state that may be deleted at any time. It counts for one version of one listing, and only
 * when all of its content proves to be what was written.
 */
import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { systemCodeOf } from "../../core/errors.ts";
import { sha256Bytes, uint32At } from "../../core/sha256.ts";
import { type WorkItem, workItemKey } from "../../core/work-item.ts";
import type { Fingerprint } from "./open-listing-file.ts";

/** Raise it when what is written, or how rows are read, changes: older indexes are then built anew. */
const INDEX_VERSION = 1;

/** Columns of an extent; `line` is the line that it starts on. */
export const EXTENT_COLUMNS =
  "key INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, rows INTEGER NOT NULL, line INTEGER NOT NULL";

export const SCHEMA = `
  CREATE TABLE listing (rejected, extents, seal);
  CREATE TABLE extents (${EXTENT_COLUMNS}, PRIMARY KEY (key, offset)) WITHOUT ROWID;
`;

/** Rows of one work item that follow each other in the file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly rows: number;
  readonly line: number;
}

/** One more than the greatest `keyHash`. */
export const KEY_SPACE = 2 ** 53;

/** 53 bits, the integers that a number holds exactly. Two keys may share them. */
export function keyHash(workItem: Pick<WorkItem, "jobId" | "workItemId">): number {
  const digest = sha256Bytes(workItemKey(workItem));
  return (uint32At(digest, 4) >>> 11) * 2 ** 32 + uint32At(digest, 0);
}

export class IndexFile {
  /** Rows of the listing that belong to no work item. */
  readonly rejected: number;
  readonly #database: DatabaseSync;
  readonly #extents: StatementSync;
  readonly #rows: StatementSync;

  private constructor(database: DatabaseSync, rejected: number) {
    this.rejected = rejected;
    this.#database = database;
    this.#extents = database.prepare(
      "SELECT offset, length, rows, line FROM extents WHERE key = ? AND offset > ? ORDER BY offset LIMIT ?",
    );
    this.#extents.setReturnArrays(true); // three times as fast as objects
    this.#rows = database.prepare("SELECT sum(rows) AS rows FROM extents WHERE key = ?");
  }

  /** Opens the index of this version of the listing; undefined when there is none that can be relied on. */
  static async open(path: string, listing: Fingerprint, signal: AbortSignal): Promise<IndexFile | undefined> {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true });
      const head = database.prepare("SELECT rejected, extents, seal FROM listing").get() ?? {};
      const content = { rejected: Number(head["rejected"]), extents: Number(head["extents"]) };
      if (head["seal"] !== (await sealOf(database, listing, content, signal))) return undefined;
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

  /** Up to `max` extents of the key that start behind `offset` (-1 for the first), in file order. */
  extents(key: number, offset: number, max: number): Extent[] {
    const extents = this.#extents.all(key, offset, max) as unknown as [number, number, number, number][];
    return extents.map(([from, length, rows, line]) => ({ offset: from, length, rows, line }));
  }

  /** How many rows the key has. */
  rows(key: number): number {
    return Number(this.#rows.get(key)?.["rows"] ?? 0);
  }

  close(): void {
    this.#database.close();
  }
}

/** Extents that are looked at in one go; some 20 ms. */
const SLICE = 250_000;

/**
 * A digest of all that an index says, and of the listing's version: SQLite itself would not notice a changed value,
 * and a lost extent is a lost file. Reads every extent, some 10 million a second.
 */
export async function sealOf(
  database: DatabaseSync,
  listing: Fingerprint,
  { rejected, extents }: { rejected: number; extents: number },
  signal: AbortSignal,
): Promise<string> {
  const statement = database.prepare(`
    SELECT count(*) AS extents, total((key * 31 + offset * 7 + length * 5 + rows * 3 + line) % 16777213) AS sum
    FROM extents WHERE key >= ? AND key < ?`);
  const slices = Math.max(1, Math.ceil(extents / SLICE));
  let found = 0;
  let sum = 0;
  for (let slice = 0; slice < slices; slice++) {
    signal.throwIfAborted();
    const row = statement.get(borderOf(slice, slices), borderOf(slice + 1, slices));
    found += Number(row?.["extents"]);
    sum += Number(row?.["sum"]);
    await setImmediate();
  }
  const { size, mtimeNs, sample } = listing;
  return hash(
    "sha256",
    JSON.stringify([INDEX_VERSION, size, mtimeNs, sample, rejected, extents, found, sum]),
  );
}

/** Where the keys of the given one of `parts` equal parts begin. */
function borderOf(part: number, parts: number): number {
  return Math.ceil((KEY_SPACE / parts) * part);
}

/** Whether the error says that the file is no sound index: SQLite's own, and a value that no index holds. */
export function isIndexError(error: unknown): boolean {
  return ["ERR_SQLITE_ERROR", "ERR_OUT_OF_RANGE"].includes(systemCodeOf(error) ?? "");
}
