import { sha256Bytes, uint32At } from "./sha256.ts";
import { type WorkItem, workItemKey } from "./work-item.ts";

/**
 * The identity of a CSV: a digest of the *set* of its parsed rows (job id, work item id, name), so that row order,
 * line ends, quoting and repeated rows do not matter. The sum modulo 2^128 of a hash of each distinct row (a
 * commutative hash; not against an adversary, who could just edit the file).
 */
export class CsvDigest {
  // Four 32-bit limbs, least significant first: plain numbers are several times faster than BigInt here.
  readonly #sum = [0, 0, 0, 0];
  readonly #seen = new SeenHashes();
  readonly #sample = new SmallestHashes();

  /** Adds a row; one that was added before changes nothing. */
  add(workItem: WorkItem): void {
    const digest = sha256Bytes(`${workItemKey(workItem)}\0${workItem.workItemName}`);
    if (!this.#seen.add(digest)) return;
    this.#sample.add(digest);
    let carry = 0;
    for (let limb = 0; limb < 4; limb++) {
      const sum = (this.#sum[limb] ?? 0) + uint32At(digest, limb * 4) + carry;
      this.#sum[limb] = sum >>> 0;
      carry = sum > 0xffff_ffff ? 1 : 0;
    }
  }

  /** `<distinct rows>-<32 hex digits>` */
  toString(): string {
    const hex = this.#sum.toReversed().map((limb) => limb.toString(16).padStart(8, "0"));
    return `${this.#seen.size}-${hex.join("")}`;
  }

  /** The 64 smallest row hashes, smallest first, 12 hex digits each: CSVs that share rows share most of theirs. */
  sample(): string[] {
    return this.#sample.inHex();
  }
}

/** Hashes that a CSV's sample has at most. */
export const SAMPLE_SIZE = 64;
const SAMPLE_BYTES = 6;
/** Hex digits of each. */
export const HASH_DIGITS = 2 * SAMPLE_BYTES;

/** The smallest of different hashes. */
class SmallestHashes {
  /** Sorted by code unit, which is the order of their bytes. */
  readonly #kept: string[] = [];

  /** @param digest as `sha256Bytes` gives it */
  add(digest: string): void {
    const largest = this.#kept.at(-1);
    if (largest !== undefined && this.#kept.length === SAMPLE_SIZE && digest > largest) return;
    const head = digest.slice(0, SAMPLE_BYTES);
    const at = this.#kept.findIndex((kept) => kept >= head);
    if (at === -1) this.#kept.push(head);
    else if (this.#kept[at] !== head) this.#kept.splice(at, 0, head);
    if (this.#kept.length > SAMPLE_SIZE) this.#kept.pop();
  }

  inHex(): string[] {
    return this.#kept.map((head) => Buffer.from(head, "latin1").toString("hex"));
  }
}

/**
 * Counts distinct work items by their keys. An estimate in principle (see SeenHashes): never decide by it what is lost
 * when two are taken for one.
 */
export class SeenKeys {
  readonly #seen = new SeenHashes();

  get size(): number {
    return this.#seen.size;
  }

  /** Adds the work item's key; false when it was there already. */
  add(workItem: Pick<WorkItem, "jobId" | "workItemId">): boolean {
    return this.#seen.add(sha256Bytes(workItemKey(workItem)));
  }

  /** Always true for one that was added; for another, with the probability of SeenHashes. */
  has(workItem: Pick<WorkItem, "jobId" | "workItemId">): boolean {
    return this.#seen.has(sha256Bytes(workItemKey(workItem)));
  }
}

/** Texts that were met, by a hash of each: an estimate in principle, as `SeenKeys`. */
export class SeenTexts {
  readonly #seen = new SeenHashes();

  get size(): number {
    return this.#seen.size;
  }

  /** Adds the text; false when it was there already. */
  add(text: string): boolean {
    return this.#seen.add(sha256Bytes(text));
  }

  /** Always true for one that was added; for another, with the probability of SeenHashes. */
  has(text: string): boolean {
    return this.#seen.has(sha256Bytes(text));
  }
}

/** Parts of the table; a power of two. */
const PARTS = 64;

/**
 * A set of SHA-256 digests that keeps 64 bits of each, in open addressing: 5 million take 64 MiB, a Set of strings
 * 600. Two different ones among 5 million meet with a probability of 10^-6; what is done about a work item is
 * never decided here (the state compares whole keys), only counts and digests are. It grows part by part, so that
 * never more than a part is there twice.
 */
class SeenHashes {
  readonly #parts = Array.from({ length: PARTS }, () => new SeenPart());
  size = 0;

  /** Adds the digest (as `sha256Bytes` gives it); false when it was there already. */
  add(digest: string): boolean {
    const low = uint32At(digest, 0) || 1; // 0 marks a free place
    const isNew = this.#parts[digest.charCodeAt(8) % PARTS]?.add(low, uint32At(digest, 4)) ?? false;
    if (isNew) this.size++;
    return isNew;
  }

  has(digest: string): boolean {
    const low = uint32At(digest, 0) || 1;
    return this.#parts[digest.charCodeAt(8) % PARTS]?.has(low, uint32At(digest, 4)) ?? false;
  }
}

class SeenPart {
  #table = new Uint32Array(2 * 32);
  #size = 0;

  add(low: number, high: number): boolean {
    if (this.#size * 10 >= (this.#table.length / 2) * 8) this.#grow();
    const isNew = place(this.#table, low, high);
    if (isNew) this.#size++;
    return isNew;
  }

  has(low: number, high: number): boolean {
    return this.#table[findSlot(this.#table, low, high) * 2] !== 0;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      if (low !== 0) place(this.#table, low, old[at + 1] ?? 0);
    }
    // Given back at once: the collector would let many of them lie.
    old.buffer.transfer(0);
  }
}

/** Puts it into its place; false when it was there already. */
function place(table: Uint32Array, low: number, high: number): boolean {
  const slot = findSlot(table, low, high);
  if (table[slot * 2] !== 0) return false;
  table[slot * 2] = low;
  table[slot * 2 + 1] = high;
  return true;
}

/** Where it stands, or the free place where it would. */
function findSlot(table: Uint32Array, low: number, high: number): number {
  const mask = table.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const found = table[slot * 2];
    if (found === 0 || (found === low && table[slot * 2 + 1] === high)) return slot;
  }
}
