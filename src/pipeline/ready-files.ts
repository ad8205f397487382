/**
 * The files that wait for a slot, in the order their work items were opened. `take` is what slots wait on; the feeder
 * watches `size` and is told through `onTake` when there is room.
 */
export class ReadyFiles<T> {
  #batches: { readonly files: readonly T[]; next: number }[] = [];
  #size = 0;
  #closed = false;
  #takers: ((file: T | undefined) => void)[] = [];
  readonly #onTake: () => void;

  constructor(onTake: () => void) {
    this.#onTake = onTake;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a work item's files. */
  add(files: readonly T[]): void {
    if (this.#closed || files.length === 0) return;
    this.#batches.push({ files, next: 0 });
    this.#size += files.length;
    while (this.#takers.length > 0 && this.#size > 0) this.#takers.shift()?.(this.#next());
  }

  /** The next file; waits for one; undefined once closed. */
  async take(): Promise<T | undefined> {
    if (this.#closed) return undefined;
    if (this.#size > 0) return this.#next();
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    this.#takers.push(resolve);
    return promise;
  }

  /** Gives no more files; those that wait are dropped. */
  close(): void {
    this.#closed = true;
    this.#batches = [];
    this.#size = 0;
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #next(): T | undefined {
    const batch = this.#batches[0];
    if (batch === undefined) return undefined;
    const file = batch.files[batch.next++];
    if (batch.next === batch.files.length) this.#batches.shift();
    this.#size--;
    this.#onTake();
    return file;
  }
}
