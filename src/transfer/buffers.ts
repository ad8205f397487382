/** Smallest buffer, bytes. */
const SMALLEST = 4 * 1024;
/** Buffers of this length and longer lie in memory that other threads can read, bytes. */
export const SHARED_FROM = 128 * 1024;
/** A content may get a buffer of so many times the length that it needs, when that is there. */
const ROOMY = 4;

/** A buffer of the length that was asked for, with whatever its last use left in it. */
export interface HeldBuffer {
  readonly bytes: Buffer;
  /** Gives it back; a second call does nothing. Nothing may be written to it from then on. */
  readonly release: () => void;
}

/**
 * The buffers of all file slots: so many bytes at once, which keeps memory flat however large the files are, and the
 * same ones again and again, because buffers that come and go are what drives V8's collector, and what is let go takes
 * memory until that comes by. Their lengths are powers of two, and count in full. First come, first served, so that a
 * large request is not passed over for ever.
 */
export class Buffers {
  readonly #limit: number;
  #used = 0;
  readonly #queue: { readonly length: number; readonly grant: (whole: Buffer) => void }[] = [];
  /** Kept for the next use, by their length; lengths that were used last stand last. */
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  /** @param limit bytes; one request larger than that is granted alone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a buffer of so many bytes. @throws the signal's reason */
  async acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer> {
    signal.throwIfAborted();
    const length = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
    const mustWait = this.#queue.length > 0 || !this.#fits(length);
    let whole: Buffer | undefined = mustWait ? await this.#wait(length, signal) : this.#take(length);
    return {
      bytes: whole.subarray(0, bytes),
      release: () => {
        if (whole === undefined) return;
        this.#keep(whole);
        whole = undefined;
        this.#serve();
      },
    };
  }

  /** All that is in use, and what waits for its next use. */
  get heldBytes(): number {
    return this.#used + this.#idleBytes;
  }

  #take(length: number): Buffer {
    const whole = this.#kept(length) ?? this.#make(length);
    this.#used += whole.length;
    return whole;
  }

  #kept(length: number): Buffer | undefined {
    for (let longer = length; longer <= ROOMY * length; longer *= 2) {
      const whole = this.#idle.get(longer)?.pop();
      if (whole === undefined) continue;
      this.#idleBytes -= longer;
      return whole;
    }
    return undefined;
  }

  #make(length: number): Buffer {
    this.#makeRoom(length);
    // Pages that were never written to take no memory: the part behind a shorter content costs nothing.
    return length < SHARED_FROM ? Buffer.allocUnsafeSlow(length) : Buffer.from(new SharedArrayBuffer(length));
  }

  #keep(whole: Buffer): void {
    this.#used -= whole.length;
    this.#idleBytes += whole.length;
    const alike = this.#idle.get(whole.length) ?? [];
    alike.push(whole);
    this.#idle.delete(whole.length);
    this.#idle.set(whole.length, alike);
    this.#makeRoom(0);
  }

  /** Lets go of what is kept until so many bytes more are within the limit: first what was not wanted for long. */
  #makeRoom(bytes: number): void {
    for (const [length, alike] of this.#idle) {
      while (this.heldBytes + bytes > this.#limit && alike.pop() !== undefined) this.#idleBytes -= length;
    }
  }

  async #wait(length: number, signal: AbortSignal): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const entry = { length, grant: resolve };
    this.#queue.push(entry);
    const abort = () => {
      const at = this.#queue.indexOf(entry);
      if (at === -1) return;
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

  #fits(length: number): boolean {
    return this.#used === 0 || this.#used + length <= this.#limit;
  }

  #serve(): void {
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.length); next = this.#queue[0]) {
      this.#queue.shift();
      next.grant(this.#take(next.length));
    }
  }
}
