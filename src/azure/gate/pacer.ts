import type { Cancel, Surroundings } from "../../surroundings/surroundings.ts";

/** What is not used at once may be caught up with, ms of the rate: an event loop is late now and then. */
const BURST_MS = 50;
/** The rate is looked at again after so long: a timetable may have changed it. */
const LOOK_AGAIN_MS = 1_000;

interface Waiter {
  readonly units: number;
  readonly go: () => void;
}

/**
 * Lets units (requests, bytes) pass at a rate: a token bucket with one queue, first come, first served, and one timer
 * however many wait. A request that is larger than the bucket passes once the bucket is not in debt, and those after
 * it wait until its debt is paid: the rate holds on average whatever the sizes.
 */
export class Pacer {
  /** Units a second; undefined is no limit. */
  readonly #rate: (now: number) => number | undefined;
  readonly #surroundings: Surroundings;
  readonly #queue: Waiter[] = [];
  #tokens = 0;
  #filledAt: number;
  #cancelTimer: Cancel | undefined;
  #heldMs = 0;
  #heldAt: number;

  constructor(surroundings: Surroundings, rate: (now: number) => number | undefined) {
    this.#rate = rate;
    this.#surroundings = surroundings;
    this.#filledAt = surroundings.monotonic();
    this.#heldAt = this.#filledAt;
  }

  /** How long requests were held here, all together, ms; it only grows. */
  get heldMs(): number {
    this.#account(this.#surroundings.monotonic());
    return this.#heldMs;
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
      this.#account(this.#surroundings.monotonic());
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
    this.#account(this.#surroundings.monotonic());
    this.#queue.push(waiter);
    if (this.#cancelTimer === undefined) this.#setTimer(this.#surroundings.monotonic());
  }

  #serve(): void {
    const now = this.#surroundings.monotonic();
    this.#cancelTimer = undefined;
    this.#account(now);
    let served = 0;
    for (const { units, go } of this.#queue) {
      if (!this.#take(units, now)) break;
      served++;
      go();
    }
    this.#queue.splice(0, served);
    if (this.#queue.length > 0) this.#setTimer(now);
  }

  #take(units: number, now: number): boolean {
    const rate = this.#rate(now);
    if (rate === undefined) {
      this.#tokens = 0;
      this.#filledAt = now;
      return true;
    }
    const filled = this.#tokens + (rate * (now - this.#filledAt)) / 1_000;
    this.#tokens = Math.min(filled, (rate * BURST_MS) / 1_000);
    this.#filledAt = now;
    if (this.#tokens <= 0) return false;
    this.#tokens -= units;
    return true;
  }

  #setTimer(now: number): void {
    const rate = this.#rate(now);
    this.#stopTimer();
    const debtMs = rate === undefined ? 0 : (1_000 * Math.max(0, -this.#tokens)) / rate;
    const ms = rate === 0 ? LOOK_AGAIN_MS : debtMs;
    this.#cancelTimer = this.#surroundings.after(Math.min(Math.ceil(ms) || 1, LOOK_AGAIN_MS), () =>
      this.#serve(),
    );
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #account(now: number): void {
    this.#heldMs += this.#queue.length * (now - this.#heldAt);
    this.#heldAt = now;
  }
}
