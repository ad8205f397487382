import { rm } from "node:fs/promises";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { openNew } from "../../files/files.ts";
import { ExtentShards, type KeyedExtent } from "./extent-shards.ts";
import { ExtentPacker } from "./extents.ts";
import { KEY_SPACE, keyHash, computeSeal, SCHEMA } from "./index-file.ts";
import { LinkEnds } from "./link-ends.ts";
import type { ListingRow } from "./listing-row.ts";
import type { Fingerprint } from "./open-listing-file.ts";

/** Readers take some extents at a time into memory. */
const MAX_EXTENT_BYTES = 64 * 1024;
/** Listing bytes for one shard: some 50,000 rows, sorted in some 50 ms. */
const SHARD_BYTES = 16 * 1024 * 1024;
/** Each has 20 KiB of memory. */
const MAX_SHARDS = 512;

/**
 * Writes an index of any size with little memory and without ever holding up the process for long: extents go as
 * they come into shards by key, in a second file, and each shard is then sorted into its place.
 */
export class IndexWriter {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #spillPath: string;
  readonly #shards: ExtentShards;
  readonly #packer = new ExtentPacker();
  readonly #linkEnds = new LinkEnds();

  // The extent that is being gathered; no rows: there is none.
  #jobId = "";
  #workItemId = "";
  #key = 0;
  #offset = 0;
  #end = 0;
  #rows = 0;
  #line = 0;
  #linksEnd = 0;

  private constructor(path: string, spillPath: string, shards: number) {
    this.#spillPath = spillPath;
    this.#database = new DatabaseSync(path);
    // Nothing here must survive a crash: an index that is not complete is thrown away.
    this.#database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    this.#database.exec(`BEGIN; ${SCHEMA}`);
    this.#insert = this.#database.prepare("INSERT INTO work_items VALUES (?, ?, ?, ?, ?)");
    this.#shards = new ExtentShards(spillPath, shards, KEY_SPACE);
  }

  /** Starts a new file at `path`, which only its owner may read; what a killed build left there is removed. */
  static async create(path: string, listingBytes: number): Promise<IndexWriter> {
    const spillPath = `${path}-spill`;
    for (const file of [path, spillPath]) {
      await (await openNew(file)).close();
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
      this.#linksEnd = 0;
    }
    this.#end = end;
    if (row.problem === undefined) {
      this.#linksEnd = earlier(this.#linksEnd, this.#linkEnds.of(row.field("Uri")));
    }
  }

  #startKey(row: ListingRow): void {
    this.#jobId = row.jobId;
    this.#workItemId = row.workItemId;
    this.#key = keyHash(row);
  }

  /** The next row starts an extent of its own: an extent holds nothing but good rows. */
  endExtent(): void {
    if (this.#rows === 0) return;
    this.#shards.add({
      key: this.#key,
      offset: this.#offset,
      length: this.#end - this.#offset,
      rows: this.#rows,
      line: this.#line,
      linksEnd: this.#linksEnd,
    });
    this.#rows = 0;
  }

  /** Completes the file; it must still be closed. */
  async finish(listing: Fingerprint, rejected: number, signal: AbortSignal): Promise<void> {
    this.endExtent();
    let workItems = 0;
    for (let shard = 0; shard < this.#shards.count; shard++) {
      signal.throwIfAborted();
      for (const extents of this.#shards.sorted(shard)) {
        this.#write(extents);
        workItems++;
      }
      await setImmediate();
    }
    const content = { rejected, workItems };
    const seal = await computeSeal(this.#database, listing, content, signal);
    this.#database.prepare("INSERT INTO listing VALUES (?, ?, ?)").run(rejected, workItems, seal);
    this.#database.exec("COMMIT");
  }

  /** The extents of one key. */
  #write(extents: readonly KeyedExtent[]): void {
    let rows = 0;
    let linksEnd = 0;
    for (const extent of extents) {
      this.#packer.add(extent);
      rows += extent.rows;
      linksEnd = earlier(linksEnd, extent.linksEnd);
    }
    const packed = this.#packer.take();
    this.#insert.run(extents[0]?.key ?? 0, rows, linksEnd, crc32(packed), packed);
  }

  /** Closes the file and removes the shards; without `finish` before, what is left is no index. */
  async close(): Promise<void> {
    this.#database.close();
    this.#shards.close();
    await rm(this.#spillPath, { force: true });
  }
}

/** The earlier of two times, 0 being none. */
function earlier(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}
