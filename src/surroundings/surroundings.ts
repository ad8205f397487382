/**
 * Time and chance, handed in to whatever needs them, so that whole runs can be simulated on a virtual clock by a seed.
 * The only file that reads the clock, sets a timer or draws a random number; `test/architecture.test.ts` forbids it elsewhere.
 *
 * Three kinds of time are told apart:
 * - `wall` is the machine's idea of the date. An operator or a time service may set it, so it may jump.
 * - `monotonic` never goes back. On Linux it stands still while the machine is suspended (`CLOCK_MONOTONIC`).
 * - `passedSince` is how long ago a moment was, time in suspend included: the larger of the two differences.
 */
import { randomUUID } from "node:crypto";

/** A moment by both clocks; made by `moment`, read by `passedSince`. */
export interface Moment {
  /** ms since the epoch */
  readonly wall: number;
  /** ms */
  readonly monotonic: number;
}

/** Takes back a timer; does nothing once it has fired. */
export type Cancel = () => void;

export interface Surroundings {
  /** Wall clock, ms since the epoch; it may jump. */
  wall(): number;
  /** Monotonic clock, ms since some moment; it never goes back. */
  monotonic(): number;
  /**
   * Calls `run` once, after so many ms; any length is allowed, also beyond what one timer of the engine can hold.
   * `run` must not throw. With `background` the timer does not keep the process alive.
   */
  after(ms: number, run: () => void, options?: { readonly background?: boolean }): Cancel;
  /** A number in [0, 1). */
  random(): number;
  /** A random UUID, version 4. */
  uuid(): string;
}

/** The longest that one timer of the engine can be set to, ms (24.8 days); a longer one fires after 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Where the clock of this thread began, ms of the machine's: a thread's own begins when the thread does. */
const THREAD_BEGAN = Math.max(...Array.from({ length: 5 }, readThreadBegan));

/** Too early by what the thread was held up between its two looks, which is why the latest of several counts. */
function readThreadBegan(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

/** The process's own. All its threads tell the same monotonic time. */
export const REAL_SURROUNDINGS: Surroundings = {
  wall: () => Date.now(),
  monotonic: () => THREAD_BEGAN + performance.now(),
  after(ms, run, options) {
    if (ms > LONGEST_TIMER_MS) return afterLong(ms, run, options);
    // What is left of a time may have passed since it was looked at; of less than nothing the engine warns.
    const timer = setTimeout(run, Math.max(0, ms));
    if (options?.background === true) timer.unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uuid: () => randomUUID(),
};

/** A timer that is longer than the engine's own: one after the other. */
function afterLong(ms: number, run: () => void, options?: { readonly background?: boolean }): Cancel {
  let timer: NodeJS.Timeout;
  const set = (left: number): void => {
    const step = Math.min(left, LONGEST_TIMER_MS);
    timer = setTimeout(() => (left > step ? set(left - step) : run()), step);
    if (options?.background === true) timer.unref();
  };
  set(ms);
  return () => clearTimeout(timer);
}

/** This moment, by both clocks. */
export function moment(surroundings: Surroundings): Moment {
  return { wall: surroundings.wall(), monotonic: surroundings.monotonic() };
}

/** How long ago the moment was, ms, time in suspend included; a wall clock that was set back does not shorten it. */
export function passedSince(surroundings: Surroundings, { wall, monotonic }: Moment): number {
  return Math.max(surroundings.wall() - wall, surroundings.monotonic() - monotonic);
}

/** Waits so many ms. @throws the signal's reason, as soon as it aborts */
export async function sleep(surroundings: Surroundings, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  const cancel = surroundings.after(ms, resolve);
  try {
    await promise;
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}

/** A signal that aborts after so many ms with a `TimeoutError`; its timer does not keep the process alive. */
export function abortAfter(surroundings: Surroundings, ms: number): AbortSignal {
  const late = new AbortController();
  const abort = (): void => late.abort(new DOMException(`It took more than ${ms} ms.`, "TimeoutError"));
  surroundings.after(ms, abort, { background: true });
  return late.signal;
}

/**
 * Calls `run` every so many ms until it is cancelled; the next wait begins when `run` has returned.
 *
 * @returns ends it
 */
export function every(
  surroundings: Surroundings,
  ms: number,
  run: () => void,
  options?: { readonly background?: boolean },
): Cancel {
  let isEnded = false;
  let cancel: Cancel = () => {};
  const next = (): void => {
    cancel = surroundings.after(
      ms,
      () => {
        run();
        if (!isEnded) next();
      },
      options,
    );
  };
  next();
  return () => {
    isEnded = true;
    cancel();
  };
}
