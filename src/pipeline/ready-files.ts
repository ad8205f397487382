/** The files that wait for a slot, in the order their work items were opened. */
export class ReadyFiles<T> {
  #batches: { readonly files: readonly T[]; next: number }[] = [];
  #size = 0;
  #closed = false;
  readonly #mayTake: (file: T) => boolean;

  /** @param mayTake whether this file may be taken now; asked of the first one of each work item */
  constructor(mayTake: (file: T) => boolean = () => true) {
    this.#mayTake = mayTake;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a work item's files. */
  add(files: readonly T[]): void {
    if (this.#closed || files.length === 0) return;
    this.#batches.push({ files, next: 0 });
    this.#size += files.length;
  }

  /** The next file that may be taken; undefined when there is none. */
  take(): T | undefined {
    const at = this.#batches.findIndex(({ files, next }) => {
      const first = files[next];
      return first !== undefined && this.#mayTake(first);
    });
    const batch = this.#batches[at];
    if (batch === undefined) return undefined;
    const file = batch.files[batch.next++];
    if (batch.next === batch.files.length) this.#batches.splice(at, 1);
    this.#size--;
    return file;
  }

  /** Drops the files that `isDropped` says. */
  drop(isDropped: (file: T) => boolean): void {
    this.#batches = this.#batches
      .map(({ files, next }) => ({ files: files.slice(next).filter((file) => !isDropped(file)), next: 0 }))
      .filter(({ files }) => files.length > 0);
    this.#size = this.#batches.reduce((size, { files }) => size + files.length, 0);
  }

  /** Gives no more files; those that wait are dropped. */
  close(): void {
    this.#closed = true;
    this.#batches = [];
    this.#size = 0;
  }
}
