/** What a look at the carriers tells; sums that only grow. */
export interface ThreadLoad {
  /** Requests that were answered by any service. */
  readonly answers: number;
  /** For how long requests were held by the rate of a service or by a brake, all together, ms. */
  readonly heldMs: number;
  /** For how long a carrier was at work, ms: the mean over all of them. */
  readonly activeMs: number;
}

export interface ThreadChange {
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** What another thread may gain. */
export interface ThreadOutlook {
  /** Processors that nothing needed since this was asked last; 0.5: one, for half of the time. */
  readonly freeProcessors: number;
  /** How long the rest of the run takes as it goes now, ms; undefined: not known. */
  readonly leftMs: number | undefined;
}

/** How long is looked at once, ms. */
const LOOK_MS = 1_000;
/** The carriers at work for more of the time than this: they are the limit, if nothing else is. */
const BUSY = 0.8;
/** More of the calls' time held than this: a service's rate or a brake is the limit. */
const HELD = 0.05;
/** So many busy looks in a row: a program that warms up is busy for a second or two. */
const BUSY_LOOKS = 3;
/** A new thread loads the program and warms up for so long before it is measured, ms; it is measured for as long. */
const SETTLE_MS = 2_000;
/** Without a free core a request would take as much longer as there are more threads; half of that is too much. */
const PAYS = 0.5;
/**
 * A thread costs more than a second of processor time until it is warm and has its connections, and that again when it did not
 * pay: what it can gain until the end must be ten times as much, ms.
 */
const WORTH_MS = 15_000;
/** Less of a processor free than this: a thread would only take time from the others. */
const LEAST_FREE = 0.2;
/** After a thread did not pay, none is tried for so long, ms; each time twice as long, up to the longest. */
const REST_MS = 30_000;
const LONGEST_REST_MS = 600_000;
/** With one thread fewer the others would still be at work for less than this ... */
const IDLE = 0.5;
/** ... at so many looks in a row: then one is given back. */
const IDLE_LOOKS = 10;

/**
 * Finds how many threads pay.
 *
 * - `watching`  each second is looked at. Carriers that are busy three times in a row, while nothing else limits, get a
 *               thread more (`trying`), where a processor is free for it and the run is not about to end; a thread without which the others would not be busy for ten seconds is given back.
 * - `trying`    the new thread settles, then it is measured how long the carriers work for a request. With a free core that
 *               stays as it was, and so does the thread; else the threads only take time from each other: it is given
 *               back, and for a while no other is tried. Both lead back to `watching`. (The throughput would not
 *               tell: it grows only when the pool of slots has grown as well.)
 */
export class ThreadCount {
  #count = 1;
  readonly #most: number;
  #trial: { readonly cost: number; isMeasuring: boolean } | undefined;
  #busyLooks = 0;
  #idleLooks = 0;
  #restMs = REST_MS;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #began: number;
  #first: ThreadLoad = { answers: 0, heldMs: 0, activeMs: 0 };

  /** @param now monotonic ms @param most threads in all, the main one included */
  constructor(now: number, most: number) {
    this.#began = now;
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** The last thread has not been judged yet. */
  get isTrying(): boolean {
    return this.#trial !== undefined;
  }

  /** A thread has died and is not replaced: so many are left, and no more than that are used. */
  lose(now: number): void {
    this.#count = Math.max(1, this.#count - 1);
    this.#trial = undefined;
    this.#rest(now);
  }

  /**
   * To be called several times a second.
   *
   * @param underWay calls under way
   * @param outlook asked in seconds in which the carriers are busy; left out: nothing speaks against another thread
   * @returns what it changed, if anything
   */
  look(
    now: number,
    load: ThreadLoad,
    underWay: number,
    outlook?: () => ThreadOutlook,
  ): ThreadChange | undefined {
    const ms = now - this.#began;
    if (ms < (this.#trial === undefined ? LOOK_MS : SETTLE_MS)) return undefined;
    const answers = load.answers - this.#first.answers;
    const busy = (load.activeMs - this.#first.activeMs) / ms;
    // Of all carriers, for one request, ms.
    const cost = answers === 0 ? Infinity : (busy * ms * this.#count) / answers;
    const isHeld = load.heldMs - this.#first.heldMs > HELD * ms * Math.max(1, underWay);
    this.#began = now;
    this.#first = load;
    const from = this.#count;
    const why =
      this.#trial === undefined ? this.#watch(now, cost, { busy, isHeld }, outlook) : this.#judge(now, cost);
    return this.#count === from ? undefined : { from, to: this.#count, why };
  }

  #watch(
    now: number,
    cost: number,
    { busy, isHeld }: { readonly busy: number; readonly isHeld: boolean },
    outlook: (() => ThreadOutlook) | undefined,
  ): string {
    const isBusy = busy > BUSY && !isHeld;
    this.#busyLooks = isBusy ? this.#busyLooks + 1 : 0;
    const isWorthIt = isBusy && (outlook === undefined || isWorth(outlook()));
    const isSpare = this.#count > 1 && (busy * this.#count) / (this.#count - 1) < IDLE;
    this.#idleLooks = isSpare ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks >= IDLE_LOOKS) {
      this.#idleLooks = 0;
      this.#count--;
      return "fewer threads have enough time";
    }
    const mayTry = isWorthIt && this.#count < this.#most && now >= this.#restsUntil;
    if (this.#busyLooks < BUSY_LOOKS || !mayTry) return "";
    this.#trial = { cost, isMeasuring: false };
    this.#count++;
    return "the threads are busy all the time";
  }

  /** The first look at a trial only lets it settle. */
  #judge(now: number, cost: number): string {
    const trial = this.#trial;
    if (trial === undefined) return "";
    if (!trial.isMeasuring) {
      trial.isMeasuring = true;
      return "";
    }
    this.#trial = undefined;
    this.#busyLooks = 0;
    if (cost < trial.cost * (1 + PAYS / (this.#count - 1))) {
      this.#restMs = REST_MS;
      return "";
    }
    this.#count--;
    this.#rest(now);
    return "another thread takes time from the others";
  }

  #rest(now: number): void {
    this.#restsUntil = now + this.#restMs;
    this.#restMs = Math.min(LONGEST_REST_MS, 2 * this.#restMs);
  }
}

/** What is free until the end of the run must repay the start of a thread. */
function isWorth({ freeProcessors, leftMs = Infinity }: ThreadOutlook): boolean {
  return freeProcessors >= LEAST_FREE && Math.min(1, freeProcessors) * leftMs >= WORTH_MS;
}
