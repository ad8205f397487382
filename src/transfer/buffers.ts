import { REAL_SURROUNDINGS, type Surroundings } from "../surroundings/surroundings.ts";
import { Arena } from "./arena.ts";
import { BegunReads } from "./begun-reads.ts";
import { WaitingLine } from "./waiting-line.ts";

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

/** A read that may begin. */
export interface BegunRead {
  /** Its buffer, once its answer has come; as `Buffers.acquire`. */
  acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer>;
  /** It has failed, or was answered; a second call does nothing. */
  end(): void;
}

export interface BuffersOptions {
  /** For the long ones, of so many bytes or more. */
  readonly memory?: SharedArrayBuffer;
  readonly surroundings?: Pick<Surroundings, "monotonic">;
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
  readonly #line: WaitingLine<Buffer>;
  readonly #reads: BegunReads;
  /** Of the last buffer: what a read of unknown length is taken to need. */
  #lastLength = SMALLEST;
  readonly #long: Arena;
  /** Short ones that are kept for their next use, by their length; lengths that were used last stand last. */
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  /** @param limit bytes, 1 GiB at the most; one request larger than that is granted alone */
  constructor(limit: number, { memory, surroundings = REAL_SURROUNDINGS }: BuffersOptions = {}) {
    this.#limit = limit;
    this.#long = new Arena(limit, SHARED_FROM, memory);
    this.#line = new WaitingLine(surroundings, (length) => this.#take(length));
    this.#reads = new BegunReads(surroundings, limit, () => this.#free);
  }

  /** For how long slots waited for memory, all together, ms; it only grows. */
  get heldMs(): number {
    return this.#line.heldMs + this.#reads.heldMs;
  }

  /** Of reads that have begun and have no buffer yet. */
  get begunBytes(): number {
    return this.#reads.bytes;
  }

  /**
   * Begins a read if there will be room for it soon: a part of what is free may be read at once, see `BegunReads`.
   *
   * @param bytes as far as they are known
   * @returns undefined when it has to wait
   */
  beginReadNow(bytes: number | undefined): BegunRead | undefined {
    const length = this.#readLength(bytes);
    return this.#reads.beginNow(length) ? this.#begun(length) : undefined;
  }

  /** The same, and waits for it. @throws the signal's reason */
  async beginRead(bytes: number | undefined, signal: AbortSignal): Promise<BegunRead> {
    const length = this.#readLength(bytes);
    await this.#reads.begin(length, signal);
    return this.#begun(length);
  }

  /** Waits for a buffer of so many bytes. @throws the signal's reason */
  async acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer> {
    let whole: Buffer | undefined = await this.#line.take(roundUp(bytes), signal);
    return {
      bytes: whole.subarray(0, bytes),
      release: () => {
        if (whole === undefined) return;
        this.#giveBack(whole);
        whole = undefined;
        this.#line.serve();
        this.#reads.serve();
      },
    };
  }

  /** Of short buffers: those that wait for their next use. */
  get keptBytes(): number {
    return this.#idleBytes;
  }

  #readLength(bytes: number | undefined): number {
    return bytes === undefined ? this.#lastLength : roundUp(bytes);
  }

  #begun(length: number): BegunRead {
    let isBegun = true;
    const end = (): void => {
      if (isBegun) this.#reads.end(length);
      isBegun = false;
    };
    const acquire = async (bytes: number, signal: AbortSignal): Promise<HeldBuffer> => {
      const held = this.acquire(bytes, signal);
      this.#reads.learn(length, this.#line.isEmpty, this.#line.bytes);
      const buffer = await held;
      end();
      return buffer;
    };
    return { acquire, end };
  }

  get #free(): number {
    return Math.max(0, this.#limit - this.#used);
  }

  /** undefined while there is no room, or no piece that is long enough */
  #take(length: number): Buffer | undefined {
    if (this.#used > 0 && this.#used + length > this.#limit) return undefined;
    const whole = length < SHARED_FROM ? this.#short(length) : this.#takeLong(length);
    if (whole === undefined) return undefined;
    this.#used += length;
    this.#lastLength = length;
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
}

/** The length that a buffer of so many bytes has. */
function roundUp(bytes: number): number {
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
}
