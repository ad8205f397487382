/** What the run tells of its requests; counters that only grow. */
export interface ServiceLoad {
  /** Requests that were answered by any service. */
  readonly answers: number;
  /** For how long requests were held by the rate of a service or by a brake, all together, ms. */
  readonly heldMs: number;
  /** For how long slots waited until others had sent their content, all together, ms. Left out: none does. */
  readonly memoryMs?: number;
}

export interface PoolLoad extends ServiceLoad {
  /** For how long the threads that carry files were at work, the mean over them, ms; it only grows. */
  readonly threadMs: number;
  /** One more thread is being tried: the throughput says something of the threads now, and nothing of the slots. */
  readonly isTryingThread: boolean;
}

export interface PoolChange {
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

/** `opening`: so many slots are taken before the first judgement, where the service answers at once. */
export const POOL_BOUNDS = { least: 4, most: 1_000, start: 32, opening: 96 };

/** A step pays when the throughput grows by this share of what the slots grew by. */
const PAYS = 0.2;
/** In the search the pool changes by this share of itself. */
const STEP = 1 / 8;
/** How long a size is measured, ms: in the slow start while it pays, and when neither chance nor a cold start may decide. */
const QUICK_MS = 200;
const CAREFUL_MS = 2_000;
/** ... and longer, up to this, until each slot was answered twice. */
const LONGEST_MS = 30_000;
const ANSWERS_A_SLOT = 2;
/** A new size is given so long to show, or until each slot was answered once, ms. */
const SETTLE_MS = 1_000;
/** Measurements between two trials once a size was found. */
const REST = 3;
/** Less of the slots in use than this: files are wanting, not slots. */
const BUSY = 0.9;
/** More of the slots' time held than this: a service's rate, a brake or the memory is the limit, not the slots. */
const HELD = 0.05;
/** This thread at work for more of the time than this: it is the limit, not the slots. */
const FULL = 0.95;
/** A step of the slow start is not smaller than this, as many times the size: a cold start fills the thread as well. */
const LEAST_GROWTH = 1.25;
/** So many times in the slow start, and it is taken to stay so. */
const FULL_LOOKS = 10;
/** Throughput so much beyond what it was: the world has changed. */
const CHANGED = 1.3;

interface Measured {
  readonly size: number;
  readonly perMs: number;
}

/**
 * Finds how many file slots pay. Opening: twice as many with each round of answers, up to 96, whatever the thread does: a
 * cold program is slow with any number, and its first second would be lost. It ends where answers take a second, where
 * requests are held, and where files are wanting. Slow start: twice as many, or what this thread has room for where that is less, for as
 * long as throughput (requests answered) grows by at least 20 % of linear; what does not pay at once is measured again, longer, as a program that warms up gets faster
 * by itself. Then it climbs: a step up is kept when it pays, a step down when it costs no more than that;
 * after both failed it rests for a while and tries again, never frozen. While this thread is full, more are not tried; while files are wanting, or a service's own
 * rate holds the slots back, or a thread more is being tried, more or fewer slots would show nothing: the size stays. Where slots wait for
 * memory, what was added last is taken back.
 */
export class PoolSize {
  #size: number;
  readonly #least: number;
  readonly #most: number;
  readonly #opening: number;
  #phase: "slow-start" | "search" = "slow-start";
  #base: Measured | undefined;
  /** In the slow start: at a quick look the last doubling did not pay. */
  #isDoubted = false;
  /** In the slow start: how often the thread was full. */
  #fullLooks = 0;
  /** What is being tried: the pool is larger or smaller than the base. */
  #trial: "up" | "down" | undefined;
  #next: "up" | "down" = "up";
  #rests = 0;
  #settling = true;
  #isOpening = true;
  #began: number;
  #lookedAt: number;
  #first: Omit<PoolLoad, "isTryingThread">;
  #busyMs = 0;

  /** @param now monotonic ms @param first the load by now */
  constructor(
    now: number,
    first: Omit<PoolLoad, "isTryingThread">,
    { start, least, most, opening } = POOL_BOUNDS,
  ) {
    this.#first = first;
    this.#opening = opening;
    this.#size = start;
    this.#least = least;
    this.#most = most;
    this.#began = now;
    this.#lookedAt = now;
  }

  get size(): number {
    return this.#size;
  }

  /** To be called several times a second. @returns what it changed, if anything */
  look(now: number, load: PoolLoad, slotsInUse: number): PoolChange | undefined {
    this.#busyMs += slotsInUse * (now - this.#lookedAt);
    this.#lookedAt = now;
    if (load.isTryingThread) return this.#standStill(now, load);
    const ms = now - this.#began;
    const answers = load.answers - this.#first.answers;
    if (this.#settling) {
      if (ms < SETTLE_MS && answers < this.#size) return undefined;
      const change = this.#isOpening ? this.#open(answers, load, slotsInUse) : undefined;
      this.#measure(now, load);
      this.#settling = change !== undefined;
      return change;
    }
    const least = this.#phase === "slow-start" && !this.#isDoubted ? QUICK_MS : CAREFUL_MS;
    if (ms < least || (answers < ANSWERS_A_SLOT * this.#size && ms < LONGEST_MS)) return undefined;
    const slotMs = ms * this.#size;
    const isBusy = this.#busyMs >= BUSY * slotMs;
    const isHeld = load.heldMs - this.#first.heldMs > HELD * slotMs;
    const threadShare = (load.threadMs - this.#first.threadMs) / ms;
    const from = this.#size;
    const isCrowded = (load.memoryMs ?? 0) - (this.#first.memoryMs ?? 0) > HELD * slotMs;
    const why = isCrowded
      ? this.#leaveCrowd()
      : isHeld || !isBusy
        ? this.#wait(isHeld)
        : this.#judge({ size: from, perMs: answers / ms }, threadShare);
    this.#measure(now, load);
    // After a lull the first answers are still on their way: they would make any size after it look better.
    this.#settling = this.#size !== from || !isBusy;
    return this.#size === from ? undefined : { from, to: this.#size, why };
  }

  #open(answers: number, load: PoolLoad, slotsInUse: number): PoolChange | undefined {
    const from = this.#size;
    const isQuick = answers >= from && slotsInUse >= BUSY * from;
    this.#isOpening = isQuick && load.heldMs === this.#first.heldMs && from < this.#opening;
    if (!this.#isOpening) return undefined;
    this.#resize(Math.min(this.#opening, 2 * from));
    return { from, to: this.#size, why: "the service answers at once" };
  }

  #measure(now: number, load: PoolLoad): void {
    this.#settling = false;
    this.#began = now;
    this.#first = load;
    this.#busyMs = 0;
  }

  /** A step that was not judged yet is taken back; what was measured before is compared with what comes after. */
  #standStill(now: number, load: PoolLoad): PoolChange | undefined {
    const from = this.#size;
    if (this.#trial !== undefined) this.#resize(this.#base?.size ?? from);
    this.#trial = undefined;
    this.#measure(now, load);
    this.#settling = true;
    return this.#size === from
      ? undefined
      : { from, to: this.#size, why: "another thread is being tried first" };
  }

  /**
   * The slots are not what limits; what was measured before is no base for what comes after. A size that was not judged
   * yet is given up when files are wanting: else each lull would let it grow. While a rate holds it does no harm.
   */
  #wait(isHeld: boolean): string {
    const { size } = this.#base ?? { size: this.#size };
    this.#base = undefined;
    this.#isDoubted = false;
    this.#fullLooks = 0;
    this.#trial = undefined;
    if (isHeld) this.#phase = "slow-start";
    else this.#resize(size);
    return "too few files are ready";
  }

  #judge(now: Measured, threadShare: number): string {
    const isFull = threadShare > FULL;
    const { size, perMs } = this.#base ?? now;
    const gain = perMs === 0 ? 0 : now.perMs / perMs - 1;
    const pays = gain >= PAYS * (now.size / size - 1);
    if (this.#phase === "slow-start") {
      if (isFull) return this.#waitForThread(now);
      this.#fullLooks = 0;
      if (this.#base === undefined || pays) return this.#grow(now, threadShare);
      if (this.#isDoubted) return this.#undo(size);
      this.#isDoubted = true;
      return "";
    }
    if (this.#trial !== undefined) return pays ? this.#keep(now, this.#trial, isFull) : this.#undo(size);
    if (gain > CHANGED - 1 && !isFull) {
      this.#phase = "slow-start";
      return this.#grow(now, threadShare);
    }
    this.#base = now;
    if (this.#rests > 0) {
      this.#rests--;
      return "";
    }
    if (isFull) this.#next = "down";
    return this.#try(now);
  }

  /** A program that warms up fills its thread for a second or two; when it stays full, fewer slots may do as well. */
  #waitForThread(now: Measured): string {
    this.#isDoubted = false;
    if (++this.#fullLooks < FULL_LOOKS) return "";
    this.#phase = "search";
    this.#fullLooks = 0;
    this.#base = now;
    this.#next = "down";
    return this.#try(now);
  }

  /** More slots than the thread can serve would only open more connections. */
  #grow(now: Measured, threadShare: number): string {
    this.#isDoubted = false;
    this.#fullLooks = 0;
    this.#base = now;
    this.#resize(Math.ceil(now.size * Math.min(2, Math.max(LEAST_GROWTH, 1 / threadShare))));
    if (this.#size === now.size) this.#phase = "search";
    return "more slots still raise the throughput";
  }

  #keep(now: Measured, trial: "up" | "down", isFull: boolean): string {
    this.#base = now;
    this.#next = isFull ? "down" : trial;
    const why = trial === "up" ? "more slots are faster" : "fewer slots are as fast";
    this.#try(now);
    return why;
  }

  /** Slots wait for memory: more of them would only wait, too. */
  #leaveCrowd(): string {
    return this.#undo(
      this.#trial === "down" ? this.#size : Math.min(this.#size, this.#base?.size ?? this.#size),
    );
  }

  #undo(size: number): string {
    const why = this.#trial === "down" ? "fewer slots are slower" : "more slots are not faster";
    this.#next = this.#trial === "up" || this.#trial === undefined ? "down" : "up";
    this.#phase = "search";
    this.#isDoubted = false;
    this.#trial = undefined;
    this.#base = undefined;
    this.#rests = REST;
    this.#resize(size);
    return why;
  }

  #try(now: Measured): string {
    const step = Math.max(1, Math.round(now.size * STEP));
    this.#trial = this.#next;
    this.#resize(now.size + (this.#trial === "up" ? step : -step));
    if (this.#size !== now.size) return this.#trial === "up" ? "trying more slots" : "trying fewer slots";
    this.#trial = undefined;
    this.#next = this.#next === "up" ? "down" : "up";
    this.#rests = REST;
    return "";
  }

  #resize(size: number): void {
    this.#size = Math.min(this.#most, Math.max(this.#least, size));
  }
}
