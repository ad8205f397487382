/** Tells holders of work that what they may claim has changed. A change between question and wait is not missed. */
export class ChangeWatch {
  #version = 0;
  readonly #waiting = new Set<() => void>();

  /** Rises with every change. */
  get version(): number {
    return this.#version;
  }

  /** Something changed: all who wait go on. */
  changed(): void {
    this.#version++;
    for (const wake of this.#waiting) wake();
  }

  /** Resolves once the version is above `seen`. @throws the signal's reason */
  async after(seen: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#version > seen) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason as Error);
    this.#waiting.add(resolve);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(resolve);
      signal.removeEventListener("abort", abort);
    }
  }
}
