/** At work for so long without a rest and without a word, a thread hangs, ms: its own clocks do not run then. */
const HANGS_AFTER_MS = 60_000;

/** The same once something of it was ended: that answers at once, or never. ms */
const HANGS_AT_END_MS = 5_000;

/** Not looked at for so long, ms: the whole process stood still, or nobody watched, which tells nothing of the thread. */
const STOOD_STILL_MS = 3_000;

/** How a thread's loop spent its time since it began, ms; as `performance.eventLoopUtilization` tells it. */
interface LoopTimes {
  readonly active: number;
  readonly idle: number;
}

/** Judges from another thread whether a thread hangs: in a loop, or collecting garbage for a heap that is full. */
export class HangWatch {
  readonly #hangsAfterMs: number;
  #activeMs = 0;
  #idleMs = 0;
  /** For how long it had been at work when it rested last, or was heard of. */
  #activeThen = 0;
  #isEnding = false;

  /** @param hangsAfterMs at work for so long without a rest and without a word, it hangs */
  constructor(hangsAfterMs = HANGS_AFTER_MS) {
    this.#hangsAfterMs = hangsAfterMs;
  }

  /** To be called several times a second. @returns for how long it was at work since the last time, ms */
  look({ active, idle }: LoopTimes): number {
    const since = Math.max(0, active - this.#activeMs);
    const sinceLook = active + idle - this.#activeMs - this.#idleMs;
    this.#activeMs = active;
    if (idle > this.#idleMs || sinceLook > STOOD_STILL_MS) this.#activeThen = active;
    this.#idleMs = idle;
    return since;
  }

  /** It has sent a message. */
  heard(): void {
    this.#activeThen = this.#activeMs;
    this.#isEnding = false;
  }

  /** It was told to end something. */
  ending(): void {
    this.#isEnding = true;
  }

  /** Why it is to be ended; undefined while it does not seem to hang. */
  get hang(): Error | undefined {
    const hangsAfterMs = this.#isEnding ? Math.min(this.#hangsAfterMs, HANGS_AT_END_MS) : this.#hangsAfterMs;
    if (this.#activeMs - this.#activeThen <= hangsAfterMs) return undefined;
    return new Error(`it was busy for ${hangsAfterMs / 1000} s without a word`);
  }
}
