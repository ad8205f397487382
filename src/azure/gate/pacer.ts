import type { Cancel, Surroundings } from "../../surroundings/surroundings.ts";
import { type Bucket, OwnBucket } from "./bucket.ts";

/** Who took from a bucket that others wait for, too, looks at it so much later than they do, ms. */
const YIELD_MS = 1;
/** The rate is looked at again after so long: a timetable may have changed it. */
const LOOK_AGAIN_MS = 1_000;

interface Waiter {
  readonly units: number;
  readonly go: () => void;
}

/**
 * Lets units (requests, bytes) pass at a rate: a token bucket with one queue, first come, first served, and one timer
 * however many wait. Where threads share a rate, each has its pacer and all take from one bucket.
 */
export class Pacer {
  /** Units a second; undefined is no limit. */
  readonly #rate: (now: number) => number | undefined;
  readonly #surroundings: Surroundings;
  readonly #queue: Waiter[] = [];
  #bucket: Bucket;
  #cancelTimer: Cancel | undefined;
  #heldAt: number;

  /** @param bucket one that other threads take from, too */
  constructor(
    surroundings: Surroundings,
    rate: (now: number) => number | undefined,
    bucket: Bucket = new OwnBucket(surroundings.monotonic()),
  ) {
    this.#rate = rate;
    this.#surroundings = surroundings;
    this.#bucket = bucket;
    this.#heldAt = surroundings.monotonic();
  }

  /** How long requests were held here and at the same bucket elsewhere, all together, ms; it only grows. */
  get heldMs(): number {
    this.account();
    return this.#bucket.heldMs;
  }

  /** Units a second that may pass now; undefined is no limit. */
  get rate(): number | undefined {
    return this.#rate(this.#surroundings.monotonic());
  }

  /** From now on it takes from this bucket, from which others take, too. */
  share(bucket: Bucket): void {
    bucket.addHeld(this.heldMs);
    this.#bucket = bucket;
  }

  /** Waits until so many units may pass; undefined when they may at once. @throws the signal's reason */
  pass(units: number, signal: AbortSignal): Promise<void> | undefined {
    return this.passAtOnce(units) ? undefined : this.#wait(units, signal);
  }

  /** Lets so many units pass when they may at once. @returns whether they may */
  passAtOnce(units: number): boolean {
    return this.#queue.length === 0 && this.#take(units, this.#surroundings.monotonic());
  }

  async #wait(units: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { units, go: resolve };
    const abort = () => {
      this.account();
      this.#queue.splice(this.#queue.indexOf(waiter), 1);
      if (this.#queue.length === 0) this.#stopTimer();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.enqueue(waiter);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Calls `go` when its turn has come: at once, or later on. */
  enqueue(waiter: Waiter): void {
    if (this.passAtOnce(waiter.units)) {
      waiter.go();
      return;
    }
    this.account();
    this.#queue.push(waiter);
    if (this.#cancelTimer === undefined) this.#setTimer(this.#surroundings.monotonic());
  }

  #serve(): void {
    const now = this.#surroundings.monotonic();
    this.#cancelTimer = undefined;
    this.account(now);
    let served = 0;
    for (const { units, go } of this.#queue) {
      if (!this.#take(units, now)) break;
      served++;
      go();
    }
    this.#queue.splice(0, served);
    if (this.#queue.length > 0) this.#setTimer(now, served > 0 && this.#bucket.isShared ? YIELD_MS : 0);
  }

  #take(units: number, now: number): boolean {
    return this.#bucket.take(units, this.#rate(now), now);
  }

  #setTimer(now: number, yieldMs = 0): void {
    const rate = this.#rate(now);
    this.#stopTimer();
    const ms = rate === 0 ? LOOK_AGAIN_MS : this.#bucket.debtMs(rate, now) + yieldMs;
    this.#cancelTimer = this.#surroundings.after(Math.min(Math.ceil(ms) || 1, LOOK_AGAIN_MS), () =>
      this.#serve(),
    );
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Tells the bucket for how long requests have been held. */
  account(now: number = this.#surroundings.monotonic()): void {
    if (this.#queue.length > 0) this.#bucket.addHeld(this.#queue.length * (now - this.#heldAt));
    this.#heldAt = now;
  }
}
