import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { Extent } from "./extents.ts";

/** What is known of an extent while the index is made. */
export interface KeyedExtent extends Extent {
  readonly key: number;
  /** When the first of its links ends, seconds since the epoch; 0: none does. */
  readonly linksEnd: number;
}

/** Key, offset and line as 8 bytes, length, rows and the links' end as 4, and 4 unused. */
const RECORD_BYTES = 40;
const DOUBLES = RECORD_BYTES / 8;
const WORDS = RECORD_BYTES / 4;
/** Extents of a shard that wait in memory: 20 KiB. */
const BLOCK_RECORDS = 512;
const BLOCK_BYTES = BLOCK_RECORDS * RECORD_BYTES;

/** Extents of one shard, as they are kept in memory and in the file. */
class Records {
  readonly bytes: Uint8Array;
  length = 0;
  readonly #doubles: Float64Array;
  readonly #words: Uint32Array;

  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity * RECORD_BYTES);
    this.bytes = new Uint8Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
  }

  add(extent: KeyedExtent): void {
    const double = this.length * DOUBLES;
    const word = this.length * WORDS + 6;
    this.#doubles[double] = extent.key;
    this.#doubles[double + 1] = extent.offset;
    this.#doubles[double + 2] = extent.line;
    this.#words[word] = extent.length;
    this.#words[word + 1] = extent.rows;
    this.#words[word + 2] = extent.linksEnd;
    this.length++;
  }

  key(at: number): number {
    return this.#doubles[at * DOUBLES] ?? 0;
  }

  get(at: number): KeyedExtent {
    const double = at * DOUBLES;
    const word = at * WORDS + 6;
    return {
      key: this.#doubles[double] ?? 0,
      offset: this.#doubles[double + 1] ?? 0,
      line: this.#doubles[double + 2] ?? 0,
      length: this.#words[word] ?? 0,
      rows: this.#words[word + 1] ?? 0,
      linksEnd: this.#words[word + 2] ?? 0,
    };
  }
}

interface Shard {
  readonly waiting: Records;
  /** Where its full blocks stand in the file. */
  readonly blocks: number[];
}

/**
 * Sorts more extents than fit into memory by their keys: they are dealt into shards, each of a range of keys, which
 * go to a file in blocks and are brought back one shard at a time.
 */
export class ExtentShards {
  readonly count: number;
  readonly #file: number;
  readonly #keySpace: number;
  readonly #shards: readonly Shard[];
  #fileBytes = 0;

  /** @param path of an existing file that only the caller uses; keys are below `keySpace` */
  constructor(path: string, count: number, keySpace: number) {
    this.count = count;
    this.#file = openSync(path, "r+");
    this.#keySpace = keySpace;
    this.#shards = Array.from({ length: count }, () => ({ waiting: new Records(BLOCK_RECORDS), blocks: [] }));
  }

  add(extent: KeyedExtent): void {
    const shard = this.#shards[Math.floor((extent.key / this.#keySpace) * this.count)];
    if (shard === undefined) throw new RangeError(`not a key: ${extent.key}`);
    shard.waiting.add(extent);
    if (shard.waiting.length === BLOCK_RECORDS) this.#write(shard);
  }

  /** The extents of the given shard, grouped by key, the least first; those of one key in the order they came in. */
  *sorted(number: number): Generator<readonly KeyedExtent[], void> {
    const shard = this.#shards[number];
    if (shard === undefined) return;
    const records = this.#read(shard);
    // Each key's extents are a chain through `next`; its ends are kept by key.
    const next = new Int32Array(records.length).fill(-1);
    const chains = new Map<number, { readonly first: number; last: number }>();
    for (let at = 0; at < records.length; at++) {
      const chain = chains.get(records.key(at));
      if (chain === undefined) chains.set(records.key(at), { first: at, last: at });
      else {
        next[chain.last] = at;
        chain.last = at;
      }
    }
    for (const key of Float64Array.from(chains.keys()).sort()) {
      const extents: KeyedExtent[] = [];
      for (let at = chains.get(key)?.first ?? -1; at !== -1; at = next[at] ?? -1)
        extents.push(records.get(at));
      yield extents;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #write({ waiting, blocks }: Shard): void {
    for (let done = 0; done < BLOCK_BYTES;) {
      done += writeSync(this.#file, waiting.bytes, done, BLOCK_BYTES - done, this.#fileBytes + done);
    }
    blocks.push(this.#fileBytes);
    this.#fileBytes += BLOCK_BYTES;
    waiting.length = 0;
  }

  #read({ waiting, blocks }: Shard): Records {
    const records = new Records(blocks.length * BLOCK_RECORDS + waiting.length);
    for (const [i, offset] of blocks.entries()) {
      const read = readSync(this.#file, records.bytes, i * BLOCK_BYTES, BLOCK_BYTES, offset);
      if (read !== BLOCK_BYTES) throw new RangeError("a block of extents is cut short");
    }
    records.bytes.set(waiting.bytes.subarray(0, waiting.length * RECORD_BYTES), blocks.length * BLOCK_BYTES);
    records.length = blocks.length * BLOCK_RECORDS + waiting.length;
    return records;
  }
}
