import { setMaxListeners } from "node:events";
import { WaitGivenUp, type Waits, type WaitsEnd } from "../core/waits.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** How long a wait may last once the run takes no more files, ms: a request's turn comes within it, a pause does not end. */
const PATIENCE_MS = 1_000;

/**
 * The waits of a run. They last as long as they need while the run takes new files. From then on each ends after a
 * moment, those that had begun before as well. Waits that begin about the same time share a signal.
 */
export class DrainingWaits implements Waits, Disposable {
  readonly #surroundings: Surroundings;
  readonly #end: AbortSignal;
  readonly #drain: AbortSignal;
  readonly #patienceMs: number;
  /** Of waits that have not ended yet. */
  readonly #open = new Set<AbortController>();
  #current: AbortController;
  #currentUntil = Number.POSITIVE_INFINITY;

  /**
   * @param end ends every wait with its own reason
   * @param drain from here on waits are given up
   */
  constructor(
    surroundings: Surroundings,
    end: AbortSignal,
    drain: AbortSignal,
    patienceMs: number = PATIENCE_MS,
  ) {
    this.#surroundings = surroundings;
    this.#end = end;
    this.#drain = drain;
    this.#patienceMs = patienceMs;
    this.#current = this.#opened();
    end.addEventListener("abort", this.#onEnd, { once: true });
    drain.addEventListener("abort", this.#onDrain, { once: true });
    if (end.aborted) this.#onEnd();
    else if (drain.aborted) this.#onDrain();
  }

  get follows(): WaitsEnd {
    return { draining: this.#drain, end: this.#end };
  }

  get signal(): AbortSignal {
    const isDraining = this.#currentUntil !== Number.POSITIVE_INFINITY;
    if (isDraining && this.#surroundings.monotonic() > this.#currentUntil && !this.#end.aborted) {
      this.#current = this.#opened();
      this.#giveUpSoon();
    }
    return this.#current.signal;
  }

  [Symbol.dispose](): void {
    this.#end.removeEventListener("abort", this.#onEnd);
    this.#drain.removeEventListener("abort", this.#onDrain);
  }

  readonly #onEnd = (): void => {
    for (const controller of this.#open) controller.abort(this.#end.reason);
    this.#open.clear();
  };

  readonly #onDrain = (): void => this.#giveUpSoon();

  #opened(): AbortController {
    const controller = new AbortController();
    // Hundreds of files wait with it.
    setMaxListeners(0, controller.signal);
    this.#open.add(controller);
    return controller;
  }

  #giveUpSoon(): void {
    const controller = this.#current;
    this.#currentUntil = this.#surroundings.monotonic() + this.#patienceMs / 4;
    const giveUp = (): void => {
      this.#open.delete(controller);
      controller.abort(new WaitGivenUp());
    };
    this.#surroundings.after(this.#patienceMs, giveUp, { background: true });
  }
}
