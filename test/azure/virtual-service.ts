/** Virtual time: events in order of time, and a service that limits by rate, for the controllers to run against. */
import type { Surroundings } from "../../src/surroundings/surroundings.ts";

/**
 * Events in order of time, without promises between them: `runUntil` returns at once. Both clocks tell the same time,
 * and there is no chance.
 */
export class VirtualClock implements Surroundings {
  #now = 0;
  /** A binary heap by time, then by order. */
  readonly #heap: { readonly at: number; readonly order: number; run: (() => void) | undefined }[] = [];
  #order = 0;

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  random(): number {
    throw new Error("there is no chance here");
  }

  uuid(): string {
    throw new Error("there is no chance here");
  }

  /** The same clock, but for what is given. */
  with(other: Partial<Surroundings>): Surroundings {
    return {
      wall: () => this.now(),
      monotonic: () => this.now(),
      after: (ms, run) => this.after(ms, run),
      random: () => this.random(),
      uuid: () => this.uuid(),
      ...other,
    };
  }

  after(ms: number, run: () => void): () => void {
    const event: { at: number; order: number; run: (() => void) | undefined } = {
      at: this.#now + ms,
      order: this.#order++,
      run,
    };
    this.#heap.push(event);
    this.#up(this.#heap.length - 1);
    return () => {
      event.run = undefined;
    };
  }

  /** Lets time pass. */
  runUntil(end: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= end; first = this.#heap[0]) {
      const last = this.#heap.pop();
      if (this.#heap.length > 0 && last !== undefined) {
        this.#heap[0] = last;
        this.#down();
      }
      this.#now = first.at;
      first.run?.();
    }
    this.#now = end;
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.at === other.at ? one.order < other.order : one.at < other.at;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }

  #up(at: number): void {
    for (let child = at; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #down(): void {
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) if (this.#isBefore(child, least)) least = child;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }
}

/** The same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export interface ServiceConduct {
  /** Median latency, ms, and how much it spreads (sigma of its logarithm). */
  latencyMs: number;
  readonly spread: number;
  /** Requests a second; more are refused. */
  rate: number;
  /** How much of the rate may come at once, ms. */
  readonly burstMs: number;
  readonly retryAfterMs: number | undefined;
  /** Requests under way at once that it works on; the others queue up within it. */
  width: number;
  /** Shares of requests that are refused whatever the rate, and that are not answered within a second. */
  readonly faults: number;
  readonly hangs: number;
}

export type Answer = "answered" | "refused" | "timed-out";

/** A service with a token bucket, a latency distribution and so many workers. */
export class VirtualService {
  readonly conduct: ServiceConduct;
  answered = 0;
  refused = 0;
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  #tokens = 0;
  #filledAt = 0;
  #busy = 0;
  readonly #queued: (() => void)[] = [];

  constructor(clock: VirtualClock, random: () => number, conduct: Partial<ServiceConduct> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.conduct = {
      latencyMs: 20,
      spread: 0.3,
      rate: Infinity,
      burstMs: 100,
      retryAfterMs: undefined,
      width: Infinity,
      faults: 0,
      hangs: 0,
      ...conduct,
    };
  }

  ask(done: (answer: Answer) => void): void {
    const { rate, burstMs, width, faults, hangs } = this.conduct;
    const now = this.#clock.now();
    if (this.#random() < hangs) {
      this.#clock.after(1_000, () => done("timed-out"));
      return;
    }
    if (this.#random() < faults) {
      this.#refuse(done);
      return;
    }
    if (rate !== Infinity) {
      const most = Math.max(1, (rate * burstMs) / 1_000);
      this.#tokens = Math.min(most, this.#tokens + (rate * (now - this.#filledAt)) / 1_000);
      this.#filledAt = now;
      if (this.#tokens < 1) {
        this.#refuse(done);
        return;
      }
      this.#tokens--;
    }
    const work = () => {
      this.#busy++;
      this.#clock.after(this.#latency(), () => {
        this.#busy--;
        this.answered++;
        this.#queued.shift()?.();
        done("answered");
      });
    };
    if (this.#busy < width) work();
    else this.#queued.push(work);
  }

  /** Refusals are quick. */
  #refuse(done: (answer: Answer) => void): void {
    this.#clock.after(2, () => {
      this.refused++;
      done("refused");
    });
  }

  #latency(): number {
    const { latencyMs, spread } = this.conduct;
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return latencyMs * Math.exp(spread * normal);
  }
}
