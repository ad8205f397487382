/** Time and chance by a seed: nothing waits for real, and the same seed gives the same run. */
import type { Cancel, Surroundings } from "../../src/surroundings/surroundings.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** What one process sees: its clocks may be set, or stand still, while the world's time goes on. */
export class VirtualSurroundings implements Surroundings {
  readonly #world: VirtualWorld;
  #wallOffset = 0;
  /** What the monotonic clock lost while the machine was suspended, ms. */
  #suspended = 0;

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  wall(): number {
    return this.#world.now + this.#wallOffset;
  }

  monotonic(): number {
    return this.#world.now - this.#suspended;
  }

  after(ms: number, run: () => void): Cancel {
    return this.#world.after(ms, run);
  }

  random(): number {
    return this.#world.random();
  }

  uuid(): string {
    const hex = (digits: number) =>
      Array.from({ length: digits }, () => Math.floor(this.random() * 16).toString(16)).join("");
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  }

  /** Somebody sets the machine's clock. */
  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** As after a suspend of Linux: the monotonic clock has not counted so many ms. */
  loseMonotonic(ms: number): void {
    this.#suspended += ms;
  }

  /** As after a pause of a virtual machine: neither clock has counted so many ms. */
  loseBoth(ms: number): void {
    this.#suspended += ms;
    this.#wallOffset -= ms;
  }
}

/** The world's time: events in their order; between two of them every promise that can go on goes on. */
export class VirtualWorld {
  /** ms since the epoch */
  now = Date.UTC(2026, 0, 1);
  readonly random: () => number;
  /** A binary heap by time, then by order. */
  readonly #heap: Timer[] = [];
  #order = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  after(ms: number, run: () => void): Cancel {
    const timer: Timer = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    push(this.#heap, timer);
    return () => {
      timer.run = undefined;
    };
  }

  /** Lets time pass until `end` (ms since the epoch), or until nothing is left to happen, or `isDone` says so. */
  async runUntil(end: number, isDone: () => boolean = () => false): Promise<void> {
    await settle();
    while (!isDone()) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) {
        this.now = Math.max(this.now, Math.min(end, Number.MAX_SAFE_INTEGER));
        return;
      }
      pop(this.#heap);
      if (first.run === undefined) continue;
      this.now = first.at;
      first.run();
      await settle();
    }
  }
}

/** Lets every promise that can go on go on: microtasks run out before the next immediate does. */
async function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}

function push(heap: Timer[], timer: Timer): void {
  let child = heap.push(timer) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(timer, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let parent = 0;
  for (;;) {
    const [left, right] = [heap[2 * parent + 1], heap[2 * parent + 2]];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const least = isRight ? right : left;
    if (!isBefore(least, last)) break;
    heap[parent] = least;
    parent = 2 * parent + (isRight ? 2 : 1);
  }
  heap[parent] = last;
}
