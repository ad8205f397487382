/** What is not used at once may be caught up with, ms of the rate: an event loop is late now and then. */
export const BURST_MS = 50;

/**
 * How much of a rate has been let pass. What is larger than the bucket passes once the bucket is not in debt, and what
 * comes after waits until its debt is paid: the rate holds on average whatever the sizes.
 */
export interface Bucket {
  /** Other threads take from it, too. */
  readonly isShared: boolean;
  /**
   * Takes so many units when it is not in debt.
   *
   * @param rate units a second; undefined: there is no limit now
   * @param now monotonic ms
   */
  take(units: number, rate: number | undefined, now: number): boolean;
  /** How long until it is out of debt at this rate, ms; 0 without a limit. */
  debtMs(rate: number | undefined, now: number): number;
  /** Takes note of how long requests were held to the rate since this was told last, ms. */
  addHeld(ms: number): void;
  /** For how long requests were held, all together, ms; it only grows. */
  readonly heldMs: number;
}

/** The bucket of one thread. */
export class OwnBucket implements Bucket {
  readonly isShared = false;
  #tokens = 0;
  #filledAt: number;
  heldMs = 0;

  constructor(now: number) {
    this.#filledAt = now;
  }

  take(units: number, rate: number | undefined, now: number): boolean {
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

  debtMs(rate: number | undefined): number {
    return rate === undefined ? 0 : (1_000 * Math.max(0, -this.#tokens)) / rate;
  }

  addHeld(ms: number): void {
    this.heldMs += ms;
  }
}
