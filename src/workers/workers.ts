/**
 * The threads that carry slots: transfers and announcements on every core. The main thread keeps the pipeline, the state,
 * the catalog, the progress and the judgement over limits; to them a `SlotThreads` is one `Delivery`.
 *
 * - A file goes to one of the carriers: the main thread itself, as long as its own work leaves it room, or a thread
 *   (`SlotThread`), which transfers and announces it. What is under way is bounded by the pipeline's slots; a thread has no queue of its own.
 * - Calls of one turn of the loop travel as one message, and so do their answers (`protocol.ts`). Signals and waits travel
 *   by the call's number; errors are made again as the classes that they were (`carried-errors.ts`).
 * - A thread serves its calls with `serveSlots`. `job` builds what it serves them with.
 * - A thread that dies loses nothing: what it had under way is done again by another carrier. See `SlotThreads`. One that hangs
 *   (in a loop, or collecting garbage for a heap that is full) is ended.
 * - How many threads pay is found by `ThreadCount`, a pure rule.
 */
import type { Delivery } from "../delivery/delivery.ts";

/** What carries calls: the main thread or another one. */
export interface Carrier extends Pick<Delivery, "deliver" | "announce"> {
  /** Calls under way. */
  readonly underWay: number;
}

/** A thread of the program as its carrier needs it; `node:worker_threads` has it. */
export interface ThreadPort {
  postMessage(message: unknown): void;
  on(event: "message", take: (message: unknown) => void): unknown;
  on(event: "error" | "messageerror", take: (error: Error) => void): unknown;
  on(event: "exit", take: (code: number) => void): unknown;
  /** Ends it with whatever it does. */
  terminate(): Promise<unknown>;
  /** Whether it keeps the process alive. */
  ref(): void;
  unref(): void;
  readonly performance: { eventLoopUtilization(): { readonly active: number; readonly idle: number } };
}

/** Thrown in place of a thread that nobody would use, because the run is given up. It is no failure, and not told. */
export class ThreadNotNeeded extends Error {}

/** What the threads tell of themselves; nothing here may throw. */
export interface ThreadEvents {
  /** A thread has died. @param died its error, how many calls it had under way, and whether another one is started */
  readonly onDeath: (died: {
    readonly why: string;
    readonly underWay: number;
    readonly isReplaced: boolean;
  }) => void;
  /** The number of threads, the main one included, was changed by `--threads auto`. */
  readonly onChange: (change: { readonly from: number; readonly to: number; readonly why: string }) => void;
}
