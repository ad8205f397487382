import { type Bucket, BURST_MS } from "./bucket.ts";

/** Bytes of shared memory that a bucket takes. */
export const BUCKET_BYTES = 24;
/** The moment at which the bucket is out of debt, ns. */
const EMPTY_AT = 0;
/** Thousandths of a unit a second, or `UNLIMITED`. */
const RATE = 1;
/** How long requests were held, us. */
const HELD = 2;
const UNLIMITED = -1n;
const NS = 1e6;
const BURST_NS = BigInt(BURST_MS * NS);
/** A debt is never longer than this at once, ns (three years). */
const LONGEST_COST_NS = 1e17;

/**
 * A bucket that all threads take from, each by itself: the moment of being out of debt is one word of shared memory,
 * and who takes moves it on (the generic cell rate algorithm). A thread that dies in the middle of it holds nobody up.
 * One thread, the one that knows the rate, writes it.
 */
export class SharedBucket implements Bucket {
  readonly isShared = true;
  readonly #words: BigInt64Array;

  /** @param offset of its `BUCKET_BYTES` in the memory, a multiple of 8 */
  constructor(memory: SharedArrayBuffer, offset = 0) {
    this.#words = new BigInt64Array(memory, offset, BUCKET_BYTES / 8);
  }

  /** A new one without a limit. @param now monotonic ms */
  static create(now: number, memory: SharedArrayBuffer = new SharedArrayBuffer(BUCKET_BYTES)): SharedBucket {
    const bucket = new SharedBucket(memory);
    Atomics.store(bucket.#words, EMPTY_AT, toNs(now));
    Atomics.store(bucket.#words, RATE, UNLIMITED);
    return bucket;
  }

  get memory(): SharedArrayBuffer {
    return this.#words.buffer as SharedArrayBuffer;
  }

  /** Units a second, as they were written last; undefined: no limit. */
  get rate(): number | undefined {
    const word = Atomics.load(this.#words, RATE);
    return word === UNLIMITED ? undefined : Number(word) / 1_000;
  }

  /** What is owed keeps its units: it is paid at the new rate. @param now monotonic ms */
  setRate(rate: number | undefined, now: number): void {
    const word = rate === undefined ? UNLIMITED : BigInt(Math.round(rate * 1_000));
    const was = Atomics.exchange(this.#words, RATE, word);
    if (was === word || word === UNLIMITED) return;
    const nowNs = toNs(now);
    this.#moveOn((emptyAt) => {
      const debt = emptyAt - nowNs;
      if (was === UNLIMITED) return nowNs;
      return debt <= 0n || was === 0n || word === 0n ? emptyAt : nowNs + (debt * was) / word;
    });
  }

  take(units: number, rate: number | undefined, now: number): boolean {
    if (rate === undefined) return true;
    if (rate === 0) return false;
    const nowNs = toNs(now);
    const cost = BigInt(Math.round(Math.min((units * 1_000 * NS) / rate, LONGEST_COST_NS)));
    return this.#moveOn((emptyAt) => {
      if (emptyAt >= nowNs) return undefined;
      const from = emptyAt > nowNs - BURST_NS ? emptyAt : nowNs - BURST_NS;
      return from + cost;
    });
  }

  debtMs(rate: number | undefined, now: number): number {
    if (rate === undefined) return 0;
    return Math.max(0, Number(Atomics.load(this.#words, EMPTY_AT) - toNs(now)) / NS);
  }

  addHeld(ms: number): void {
    Atomics.add(this.#words, HELD, BigInt(Math.round(ms * 1_000)));
  }

  get heldMs(): number {
    return Number(Atomics.load(this.#words, HELD)) / 1_000;
  }

  /** Moves the moment on, unless `next` gives none. @returns whether it was moved */
  #moveOn(next: (emptyAt: bigint) => bigint | undefined): boolean {
    for (;;) {
      const emptyAt = Atomics.load(this.#words, EMPTY_AT);
      const to = next(emptyAt);
      if (to === undefined) return false;
      if (Atomics.compareExchange(this.#words, EMPTY_AT, emptyAt, to) === emptyAt) return true;
    }
  }
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * NS));
}
