/**
 * The bytes that may be held in buffers at once, over all file slots: what keeps memory flat however large the files
 * are. First come, first served, so that a large request is not passed over for ever.
 */
export class BufferBudget {
  readonly #limit: number;
  #used = 0;
  readonly #queue: { readonly bytes: number; readonly grant: () => void }[] = [];

  /** @param limit bytes; one request larger than that is granted alone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Waits for `bytes` to be free.
   *
   * @returns gives them back; a second call does nothing
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#queue.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#used += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#used -= bytes;
      this.#serve();
    };
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
