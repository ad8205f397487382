import type { Effort } from "./effort.ts";
import { ServiceFailure } from "./service-error.ts";

/** The longest that a timer can be set to, ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Given to the attempt: its signal, and the pulse that shows that bytes still flow. */
export interface Pulse {
  readonly signal: AbortSignal;
  /** Call for every sign of life; the idle clock starts anew. */
  readonly alive: () => void;
  /** Waits for something of our own (a free buffer) with the clocks stopped. */
  hold<T>(wait: Promise<T>): Promise<T>;
}

/**
 * The clocks of one attempt. Its signal aborts when no byte flows for too long, when the file's time is used up, or
 * when the run is aborted. `stop` must be called when the attempt ended.
 */
export class AttemptClock implements Pulse {
  readonly #controller = new AbortController();
  readonly #effort: Effort;
  readonly #operation: string;
  readonly #idleMs: number;
  readonly #abort: () => void;
  #idle: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #began = 0;
  #spentMs = 0;

  constructor(effort: Effort, operation: string, idleMs: number) {
    this.#effort = effort;
    this.#operation = operation;
    this.#idleMs = idleMs;
    this.#abort = () => this.#controller.abort(effort.signal.reason);
    effort.signal.addEventListener("abort", this.#abort, { once: true });
    if (effort.signal.aborted) this.#abort();
    this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How long the attempt took, ms, without what it was held. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Why the clocks ended the attempt; undefined when they did not. */
  get timeout(): ServiceFailure | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof ServiceFailure ? reason : undefined;
  }

  readonly alive = (): void => void this.#idle?.refresh();

  async hold<T>(wait: Promise<T>): Promise<T> {
    this.#halt();
    try {
      return await wait;
    } finally {
      this.#run();
    }
  }

  stop(): void {
    this.#halt();
    this.#effort.signal.removeEventListener("abort", this.#abort);
  }

  #run(): void {
    this.#began = performance.now();
    const leftMs = Math.max(1, this.#effort.leftMs - this.#spentMs);
    this.#idle = setTimeout(() => this.#end(`no byte for ${this.#idleMs / 1000} s`), this.#idleMs);
    this.#deadline = setTimeout(
      () => this.#end("the file's time is used up"),
      Math.min(leftMs, LONGEST_TIMER_MS),
    );
  }

  #halt(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#deadline);
    this.#spentMs += performance.now() - this.#began;
  }

  #end(why: string): void {
    this.#controller.abort(new ServiceFailure(this.#operation, `timed out, ${why}`, { timedOut: true }));
  }
}
