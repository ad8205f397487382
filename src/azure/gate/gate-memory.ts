import type { HedgeBudget } from "../attempts/hedge-budget.ts";
import { BUCKET_BYTES, SharedBucket } from "./shared-bucket.ts";

/** Behind the bucket: until when the service is left alone, us of the monotonic clock. */
const PAUSED_UNTIL = BUCKET_BYTES / 8;
const BIG_WORDS = PAUSED_UNTIL + 1;
/** The words of 32 bits behind those; all that count wrap around. */
const IS_DOWN = 0;
const SENT = 1;
const ANSWERED = 2;
/** How long what was answered took, all together, tenths of a ms. */
const TOOK = 3;
/** First requests that no second one has used up. */
const UNUSED = 4;
const SMALL_WORDS = 6;
const BYTES = BIG_WORDS * 8 + SMALL_WORDS * 4;

/** What is counted of the attempts of threads that do not judge; each number wraps around at 2^32. */
export interface GateCounts {
  readonly sent: number;
  readonly answered: number;
  /** Tenths of a ms, of all that was answered. */
  readonly took: number;
}

/**
 * What all threads of the process see of one service's gate without a message: whether it is open, the rate and what
 * was let pass of it, and counts of what was sent and answered. Only what went wrong needs a message to the judge.
 */
export class GateMemory {
  readonly buffer: SharedArrayBuffer;
  readonly bucket: SharedBucket;
  readonly #big: BigInt64Array;
  readonly #small: Int32Array;

  /** @param buffer of another thread's gate memory */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.bucket = new SharedBucket(buffer);
    this.#big = new BigInt64Array(buffer, 0, BIG_WORDS);
    this.#small = new Int32Array(buffer, BIG_WORDS * 8, SMALL_WORDS);
  }

  /** Of an open gate without a rate. @param now monotonic ms */
  static create(now: number): GateMemory {
    const buffer = new SharedArrayBuffer(BYTES);
    SharedBucket.create(now, buffer);
    return new GateMemory(buffer);
  }

  get isDown(): boolean {
    return Atomics.load(this.#small, IS_DOWN) === 1;
  }

  set isDown(isDown: boolean) {
    Atomics.store(this.#small, IS_DOWN, isDown ? 1 : 0);
  }

  /** The service is left alone until then, monotonic ms. */
  get pausedUntil(): number {
    return Number(Atomics.load(this.#big, PAUSED_UNTIL)) / 1_000;
  }

  /** The latest moment that anybody names counts. @param until monotonic ms */
  pauseUntil(until: number): void {
    const to = BigInt(Math.ceil(until * 1_000));
    for (;;) {
      const was = Atomics.load(this.#big, PAUSED_UNTIL);
      if (was >= to || Atomics.compareExchange(this.#big, PAUSED_UNTIL, was, to) === was) return;
    }
  }

  countSent(): void {
    Atomics.add(this.#small, SENT, 1);
  }

  /** @param tookMs from when it was sent */
  countAnswered(tookMs: number): void {
    Atomics.add(this.#small, TOOK, Math.round(tookMs * 10));
    Atomics.add(this.#small, ANSWERED, 1);
  }

  get counts(): GateCounts {
    return {
      sent: Atomics.load(this.#small, SENT),
      answered: Atomics.load(this.#small, ANSWERED),
      took: Atomics.load(this.#small, TOOK),
    };
  }

  /** One budget for the second requests of all threads to this service, whichever operations they are. */
  readonly hedges: HedgeBudget = {
    earn: (most) => {
      const unused = Atomics.add(this.#small, UNUSED, 1) + 1;
      if (unused > most) Atomics.sub(this.#small, UNUSED, unused - most);
    },
    has: (units) => Atomics.load(this.#small, UNUSED) >= units,
    spend: (units) => {
      if (Atomics.sub(this.#small, UNUSED, units) >= units) return true;
      Atomics.add(this.#small, UNUSED, units);
      return false;
    },
    giveBack: (units) => void Atomics.add(this.#small, UNUSED, units),
  };
}
