import type { AutoSlots } from "./pipeline.ts";
import { PoolSize } from "./pool-size.ts";
import type { ReadyFiles } from "./ready-files.ts";
import { every, type Surroundings } from "../surroundings/surroundings.ts";

/** How often a pool that finds its size looks at the load, ms. */
const LOOK_MS = 100;

/** Files that have left their slots and wait for the state's commit: so many times the slots, at the most. */
const COMMITTING = 1;

/**
 * The pool of file slots: as many files are under way at once as it has. A file leaves its slot when the services are
 * done with it; until it is committed it counts as unfinished still. The size may change at any time: a pool that
 * shrinks lets the files in its slots finish and takes fewer new ones.
 */
export class FileSlots<T> {
  inUse = 0;
  #size: number;
  readonly #ready: ReadyFiles<T>;
  readonly #work: (file: T, leaveSlot: () => void) => Promise<void>;
  readonly #onRoom: () => void;
  /** In slots, or waiting for their commit. */
  unfinished = 0;
  #whenEmpty: (() => void) | undefined;

  /**
   * @param work takes one file through its slot, which it may leave before it returns; must not throw
   * @param onRoom called when there may be a free slot: those that had a file ready have taken it
   */
  constructor(
    size: number,
    ready: ReadyFiles<T>,
    work: (file: T, leaveSlot: () => void) => Promise<void>,
    onRoom: () => void,
  ) {
    this.#size = size;
    this.#ready = ready;
    this.#work = work;
    this.#onRoom = onRoom;
  }

  get size(): number {
    return this.#size;
  }

  resize(size: number): void {
    this.#size = size;
    this.fill();
    this.#onRoom();
  }

  /** Takes ready files into free slots; call it when there are more. */
  fill(): void {
    while (this.inUse < this.#size && this.unfinished < (1 + COMMITTING) * this.#size) {
      const file = this.#ready.take();
      if (file === undefined) return;
      void this.#run(file);
    }
  }

  /** Resolves when all files are finished; to be asked once no more are ready. */
  async emptied(): Promise<void> {
    if (this.unfinished === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    await promise;
  }

  async #run(file: T): Promise<void> {
    this.inUse++;
    this.unfinished++;
    let isInSlot = true;
    const leaveSlot = (): void => {
      if (!isInSlot) return;
      isInSlot = false;
      this.inUse--;
      this.fill();
      this.#onRoom();
    };
    await this.#work(file, leaveSlot);
    this.unfinished--;
    leaveSlot();
    this.fill();
    if (this.unfinished === 0) this.#whenEmpty?.();
  }
}

/** Changes the number of slots with the load. @returns ends that */
export function findSize(
  surroundings: Surroundings,
  slots: Pick<FileSlots<unknown>, "inUse" | "resize">,
  { load, onChange }: AutoSlots,
): () => void {
  const pool = new PoolSize(surroundings.monotonic());
  return every(surroundings, LOOK_MS, () => {
    const threadMs = performance.eventLoopUtilization().active;
    const change = pool.look(surroundings.monotonic(), { ...load(), threadMs }, slots.inUse);
    if (change === undefined) return;
    slots.resize(change.to);
    onChange(change);
  });
}
