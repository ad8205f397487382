/** How long an event waits for others to share its commit. A slot waits for it, so it is short. */
import type { Cancel, Surroundings } from "../../surroundings/surroundings.ts";
const DELAY_MS = 10;
/** So many events are not made to wait. */
const ENOUGH = 1_000;

/**
 * Decides when to commit: a little after the first event, at once when there are many. `write` commits everything
 * that was noted so far; it throws when that failed, and then nothing is written ever again: what is recorded later
 * stays uncommitted, and `committed` says so.
 */
export class GroupCommit {
  readonly #surroundings: Surroundings;
  readonly #write: () => void;
  #events = 0;
  #cancelTimer: Cancel | undefined;
  #soon: NodeJS.Immediate | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(surroundings: Surroundings, write: () => void) {
    this.#surroundings = surroundings;
    this.#write = write;
  }

  /** Why commits have ended, once one failed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** An event was noted. */
  touch(): void {
    this.#events++;
    if (this.#failure) return;
    this.#cancelTimer ??= this.#surroundings.after(DELAY_MS, () => this.flush());
    if (this.#events >= ENOUGH) this.#soon ??= setImmediate(() => this.flush());
  }

  /** Resolves when everything noted so far is committed; rejects with what `write` threw. */
  committed(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (this.#events === 0) return Promise.resolve();
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** Commits now. Never throws: see `failure`. */
  flush(): void {
    this.#cancelTimer?.();
    clearImmediate(this.#soon);
    this.#cancelTimer = undefined;
    this.#soon = undefined;
    if (this.#failure || this.#events === 0) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    try {
      this.#write();
      this.#events = 0;
      waiting?.resolve();
    } catch (error) {
      this.#failure = { error };
      waiting?.reject(error);
    }
  }
}
