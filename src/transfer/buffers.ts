/** Smallest buffer that is kept, bytes; what is shorter uses the start of one. */
const SMALLEST = 4 * 1024;

/** A buffer of the length that was asked for, with whatever its last use left in it. */
export interface HeldBuffer {
  readonly bytes: Buffer;
  /** Gives it back; a second call does nothing. Nothing may be written to it from then on. */
  readonly release: () => void;
}

/**
 * The buffers of all file slots: so many bytes at once, which keeps memory flat however large the files are, and the
 * same ones again and again, because buffers that come and go are what drives V8's collector. First come, first served,
 * so that a large request is not passed over for ever.
 */
export class Buffers {
  readonly #limit: number;
  #used = 0;
  readonly #queue: { readonly bytes: number; readonly grant: () => void }[] = [];
  /** Kept for the next use, by their length, a power of two. */
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  /** @param limit bytes; one request larger than that is granted alone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a buffer of so many bytes. @throws the signal's reason */
  async acquire(bytes: number, signal: AbortSignal): Promise<HeldBuffer> {
    signal.throwIfAborted();
    if (this.#queue.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#used += bytes;
    let whole: Buffer | undefined = this.#take(bytes);
    return {
      bytes: whole.subarray(0, bytes),
      release: () => {
        if (whole === undefined) return;
        this.#used -= bytes;
        this.#keep(whole);
        whole = undefined;
        this.#serve();
      },
    };
  }

  /** What waits for its next use. */
  get keptBytes(): number {
    return this.#idleBytes;
  }

  #take(bytes: number): Buffer {
    const length = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
    const kept = this.#idle.get(length)?.pop();
    // Pages that were never written to take no memory: the part behind a shorter content costs nothing.
    if (kept === undefined) {
      this.#makeRoom();
      return Buffer.allocUnsafeSlow(length);
    }
    this.#idleBytes -= length;
    return kept;
  }

  #keep(whole: Buffer): void {
    this.#idleBytes += whole.length;
    const alike = this.#idle.get(whole.length) ?? [];
    alike.push(whole);
    // Lengths that were used last stand last.
    this.#idle.delete(whole.length);
    this.#idle.set(whole.length, alike);
    this.#makeRoom();
  }

  /** What is kept and what is used stay within the limit together: lengths that were not wanted for long go first. */
  #makeRoom(): void {
    for (const [length, alike] of this.#idle) {
      while (this.#idleBytes > 0 && this.#idleBytes + this.#used > this.#limit && alike.pop() !== undefined) {
        this.#idleBytes -= length;
      }
    }
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { bytes, grant: resolve };
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
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit;
  }

  #serve(): void {
    for (let next = this.#queue[0]; next !== undefined && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      this.#used += next.bytes;
      next.grant();
    }
  }
}
