import { REAL_SURROUNDINGS, type Surroundings } from "../surroundings/surroundings.ts";
import { Arena } from "./arena.ts";

/** Smallest buffer, bytes. */
const SMALLEST = 4 * 1024;
/** Buffers of this length and longer lie in memory that other threads can read, bytes. */
export const SHARED_FROM = 128 * 1024;

/** A buffer of the length that was asked for, with whatever its last use left in it. */
export interface HeldBuffer {
  readonly bytes: Buffer;
  /** Gives it back; a second call does nothing. Nothing may be written to it from then on. */
  readonly release: () => void;
}

/**
 * The buffers of all file slots: so many bytes at once, which keeps memory flat however large the files are, and the
 * same memory again and again, because buffers that come and go are what drives V8's collector. Lengths are powers of
 * two, and count in full. First come, first served, so that a large request is not passed over for ever.
 *
 * Long ones are cut from shared memory, of which V8's collector takes no notice: what was let go would stay for long.
 */
export class Buffers {
  readonly #limit: number;
  #used = 0;
  readonly #queue: { readonly length: number; readonly grant: (whole: Buffer) => void }[] = [];
  readonly #long: Arena;
  readonly #surroundings: Pick<Surroundings, "monotonic">;
  /** Until `#waitedAt`. */
  #waitedMs = 0;
  #waitedAt = 0;
  /** Short ones that are kept for their next use, by their length; lengths that were used last stand last. */
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  /**
   * @param limit bytes, 1 GiB at the most; one request larger than that is granted alone
   * @param memory for the long ones, of so many bytes or more
   */
  constructor(
    limit: number,
    memory?: SharedArrayBuffer,
    surroundings: Pick<Surroundings, "monotonic"> = REAL_SURROUNDINGS,
  ) {
    this.#limit = limit;
    this.#surroundings = surroundings;
    this.#long = new Arena(limit, SHARED_FROM, memory);
  }

  /** Waits for a buffer of so many bytes. @throws the signal's reason */
  async acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer> {
    signal.throwIfAborted();
    const length = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
    const now = this.#queue.length > 0 ? undefined : this.#take(length);
    let whole: Buffer | undefined = now ?? (await this.#wait(length, signal));
    return {
      bytes: whole.subarray(0, bytes),
      release: () => {
        if (whole === undefined) return;
        this.#giveBack(whole);
        whole = undefined;
        this.#serve();
      },
    };
  }

  /** Of short buffers: those that wait for their next use. */
  get keptBytes(): number {
    return this.#idleBytes;
  }

  /** For how long buffers were waited for, all together, ms. */
  get waitedMs(): number {
    this.#countWaits();
    return this.#waitedMs;
  }

  /** To be called before the number of those that wait changes. */
  #countWaits(): void {
    const now = this.#surroundings.monotonic();
    this.#waitedMs += this.#queue.length * (now - this.#waitedAt);
    this.#waitedAt = now;
  }

  /** undefined while there is no room, or no piece that is long enough */
  #take(length: number): Buffer | undefined {
    if (this.#used > 0 && this.#used + length > this.#limit) return undefined;
    const whole = length < SHARED_FROM ? this.#short(length) : this.#takeLong(length);
    if (whole !== undefined) this.#used += length;
    return whole;
  }

  #takeLong(length: number): Buffer | undefined {
    return length > this.#limit ? Buffer.from(new SharedArrayBuffer(length)) : this.#long.take(length);
  }

  #short(length: number): Buffer {
    const whole = this.#idle.get(length)?.pop();
    // Pages that were never written to take no memory: the part behind a shorter content costs nothing.
    if (whole === undefined) return Buffer.allocUnsafeSlow(length);
    this.#idleBytes -= length;
    return whole;
  }

  #giveBack(whole: Buffer): void {
    this.#used -= whole.length;
    if (this.#long.has(whole)) this.#long.giveBack(whole);
    else if (whole.length < SHARED_FROM) this.#keep(whole);
  }

  #keep(whole: Buffer): void {
    this.#idleBytes += whole.length;
    const alike = this.#idle.get(whole.length) ?? [];
    alike.push(whole);
    this.#idle.delete(whole.length);
    this.#idle.set(whole.length, alike);
    for (const [length, those] of this.#idle) {
      while (this.#idleBytes + this.#used > this.#limit && those.pop() !== undefined)
        this.#idleBytes -= length;
    }
  }

  async #wait(length: number, signal: AbortSignal): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const entry = { length, grant: resolve };
    this.#countWaits();
    this.#queue.push(entry);
    const abort = () => {
      const at = this.#queue.indexOf(entry);
      if (at === -1) return;
      this.#countWaits();
      this.#queue.splice(at, 1);
      reject(signal.reason as Error);
      this.#serve();
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #serve(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const whole = this.#take(next.length);
      if (whole === undefined) return;
      this.#countWaits();
      this.#queue.shift();
      next.grant(whole);
    }
  }
}
