import { open, rm } from "node:fs/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { EXTENT_COLUMNS, KEY_SPACE, keyHash, sealOf, SCHEMA } from "./index-file.ts";
import type { ListingRow } from "./listing-row.ts";
import type { Fingerprint } from "./open-listing-file.ts";

/** Readers take some extents at a time into memory. */
const MAX_EXTENT_BYTES = 64 * 1024;
/** Listing bytes for one shard: some 50,000 rows, which SQLite sorts within its cache. */
const SHARD_BYTES = 16 * 1024 * 1024;
const MAX_SHARDS = 256;

/**
 * Writes an index of any size with little memory and without ever holding up the process for long: extents go as
 * they come into shards by key, in a second file, and each shard is then sorted into its place. (One table and a
 * CREATE INDEX at the end take the same time, most of it in one call that nothing can interrupt, and 1.5 times the
 * space.)
 */
export class IndexWriter {
  readonly #database: DatabaseSync;
  readonly #spillPath: string;
  readonly #shards: readonly StatementSync[];
  #extents = 0;

  // The extent that is being gathered; no rows: there is none.
  #jobId = "";
  #workItemId = "";
  #key = 0;
  #offset = 0;
  #end = 0;
  #rows = 0;
  #line = 0;

  private constructor(path: string, spillPath: string, shards: number) {
    this.#spillPath = spillPath;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`ATTACH '${spillPath.replaceAll("'", "''")}' AS spill`);
    for (const file of ["main", "spill"]) {
      // Nothing here must survive a crash: an index that is not complete is thrown away.
      this.#database.exec(
        `PRAGMA ${file}.journal_mode = OFF; PRAGMA ${file}.synchronous = OFF; PRAGMA ${file}.cache_size = -16384`,
      );
    }
    this.#database.exec(`BEGIN; ${SCHEMA}`);
    this.#shards = Array.from({ length: shards }, (_, shard) => {
      this.#database.exec(`CREATE TABLE spill.shard${shard} (${EXTENT_COLUMNS})`);
      return this.#database.prepare(`INSERT INTO spill.shard${shard} VALUES (?, ?, ?, ?, ?)`);
    });
  }

  /** Starts a new file at `path`, which only its owner may read; what a killed build left there is removed. */
  static async create(path: string, listingBytes: number): Promise<IndexWriter> {
    const spillPath = `${path}-spill`;
    for (const file of [path, spillPath]) {
      await rm(file, { force: true });
      await (await open(file, "wx", 0o600)).close();
    }
    return new IndexWriter(path, spillPath, Math.min(MAX_SHARDS, 1 + Math.floor(listingBytes / SHARD_BYTES)));
  }

  /** Takes the next row of the listing. */
  add(row: ListingRow): void {
    const end = row.offset + row.length;
    const isSameKey = row.workItemId === this.#workItemId && row.jobId === this.#jobId;
    if (isSameKey && this.#rows > 0 && end - this.#offset <= MAX_EXTENT_BYTES) {
      this.#rows++;
    } else {
      this.endExtent();
      if (!isSameKey) this.#startKey(row);
      this.#offset = row.offset;
      this.#line = row.line;
      this.#rows = 1;
    }
    this.#end = end;
  }

  #startKey(row: ListingRow): void {
    this.#jobId = row.jobId;
    this.#workItemId = row.workItemId;
    this.#key = keyHash(row);
  }

  /** The next row starts an extent of its own: an extent holds nothing but good rows. */
  endExtent(): void {
    if (this.#rows === 0) return;
    const shard = Math.floor((this.#key / KEY_SPACE) * this.#shards.length);
    this.#shards[shard]?.run(this.#key, this.#offset, this.#end - this.#offset, this.#rows, this.#line);
    this.#extents++;
    this.#rows = 0;
  }

  /** Completes the file; it must still be closed. */
  async finish(listing: Fingerprint, rejected: number, signal: AbortSignal): Promise<void> {
    this.endExtent();
    for (const shard of this.#shards.keys()) {
      signal.throwIfAborted();
      this.#database.exec(`INSERT INTO main.extents SELECT * FROM spill.shard${shard} ORDER BY key, offset`);
      await setImmediate();
    }
    const content = { rejected, extents: this.#extents };
    const seal = await sealOf(this.#database, listing, content, signal);
    this.#database.prepare("INSERT INTO listing VALUES (?, ?, ?)").run(rejected, this.#extents, seal);
    this.#database.exec("COMMIT");
  }

  /** Closes the file and removes the shards; without `finish` before, what is left is no index. */
  async close(): Promise<void> {
    this.#database.close();
    await rm(this.#spillPath, { force: true });
  }
}
