import { sha256Bytes, uint32At } from "./sha256.ts";
import { type WorkItem, workItemKey } from "./work-item.ts";

/**
 * The identity of a CSV: a digest of the *set* of its parsed rows, so that row order, line ends, quoting and
 * repeated rows do not matter. The sum modulo 2^128 of a hash of each distinct row (a commutative hash;
 * not against an adversary, who could just edit the file).
 *
 * `add` takes a work item at most once: ask `SeenKeys` first.
 */
export class CsvDigest {
  // Four 32-bit limbs, least significant first: plain numbers are several times faster than BigInt here.
  readonly #sum = [0, 0, 0, 0];
  #rows = 0;

  add(workItem: WorkItem): void {
    const digest = sha256Bytes(`${workItemKey(workItem)}\0${workItem.workItemName}`);
    let carry = 0;
    for (let limb = 0; limb < 4; limb++) {
      const sum = (this.#sum[limb] ?? 0) + uint32At(digest, limb * 4) + carry;
      this.#sum[limb] = sum >>> 0;
      carry = sum > 0xffff_ffff ? 1 : 0;
    }
    this.#rows++;
  }

  /** `<distinct rows>-<32 hex digits>` */
  toString(): string {
    const hex = this.#sum.toReversed().map((limb) => limb.toString(16).padStart(8, "0"));
    return `${this.#rows}-${hex.join("")}`;
  }
}

/**
 * The keys seen so far, as 64 bits of their SHA-256 in open addressing: 5 million keys take 64 MiB, a Set of
 * strings 600. Two different keys among 5 million meet with a probability of 10^-6; what is done about a work
 * item is never decided here (the state compares whole keys), only counts and digests are.
 */
export class SeenKeys {
  #table = new Uint32Array(2 * 1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds the work item's key; false when it was there already. */
  add(workItem: Pick<WorkItem, "jobId" | "workItemId">): boolean {
    if (this.#size * 10 >= (this.#table.length / 2) * 8) this.#grow();
    const digest = sha256Bytes(workItemKey(workItem));
    const low = uint32At(digest, 0) || 1; // 0 marks a free place
    const isNew = place(this.#table, low, uint32At(digest, 4));
    if (isNew) this.#size++;
    return isNew;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      if (low !== 0) place(this.#table, low, old[at + 1] ?? 0);
    }
  }
}

function place(table: Uint32Array, low: number, high: number): boolean {
  const mask = table.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const found = table[slot * 2];
    if (found === 0) {
      table[slot * 2] = low;
      table[slot * 2 + 1] = high;
      return true;
    }
    if (found === low && table[slot * 2 + 1] === high) return false;
  }
}
