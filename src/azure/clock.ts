import { later } from "../core/later.ts";

/** Monotonic time, and one call later on; another one stands in for it where time is simulated. */
export interface Clock {
  /** ms */
  now(): number;
  /** Calls `run` once after so many ms. @returns takes it back */
  after(ms: number, run: () => void): () => void;
}

export const REAL_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, run) => later(ms, run),
};

/** The same, with timers that do not keep the process alive. */
export const IDLE_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, run) => later(ms, run, { keepsAlive: false }),
};
