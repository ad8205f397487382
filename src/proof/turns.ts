/** Lets so many work at once; the others wait for their turn, in the order in which they came. */
export class Turns {
  readonly width: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param width at least 1 */
  constructor(width: number) {
    this.width = width;
    this.#free = width;
  }

  /** How many work now. */
  get inUse(): number {
    return this.width - this.#free;
  }

  /** Works once it has a turn. @throws what the work throws; the signal's reason while it waits */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      const at = this.#waiting.indexOf(resolve);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      reject(signal.reason as Error);
    };
    this.#waiting.push(resolve);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

/**
 * Works on several items at once and gives the results in the order of the items.
 *
 * @param width items under way, or finished and not given yet; at least 1
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // It is awaited in its turn; until then a failure is nobody's.
      result.catch(() => {});
      running.push(result);
      const first = running[0];
      if (running.length < width || first === undefined) continue;
      yield await first;
      void running.shift();
    }
    for (let first = running[0]; first !== undefined; first = running[0]) {
      yield await first;
      void running.shift();
    }
  } finally {
    await Promise.allSettled(running);
  }
}
