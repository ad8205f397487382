import type { AutoSlots, PipelineChange } from "./pipeline.ts";
import { POOL_BOUNDS, PoolSize } from "./pool-size.ts";
import type { ReadyFiles } from "./ready-files.ts";
import { type Cancel, every, type Surroundings } from "../surroundings/surroundings.ts";

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
  readonly #work: (file: T, leaveSlot: () => boolean) => Promise<void>;
  readonly #onRoom: () => void;
  /** In slots, or waiting for their commit. */
  unfinished = 0;
  #whenEmpty: (() => void) | undefined;

  /**
   * @param work takes one file through its slot, which it may leave before it returns, and hears whether another file is in a slot; must not throw
   * @param onRoom called when there may be a free slot: those that had a file ready have taken it
   */
  constructor(
    size: number,
    ready: ReadyFiles<T>,
    work: (file: T, leaveSlot: () => boolean) => Promise<void>,
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
    const leaveSlot = (): boolean => {
      if (isInSlot) {
        isInSlot = false;
        this.inUse--;
        this.fill();
        this.#onRoom();
      }
      return this.inUse > 0;
    };
    await this.#work(file, leaveSlot);
    this.unfinished--;
    leaveSlot();
    this.fill();
    if (this.unfinished === 0) this.#whenEmpty?.();
  }
}

/** By what `more` and `fewer` change the slots: this share of them, and one at least. */
const STEP = 0.25;

/** Who decides how many slots there are: the operator, or the load. */
export class SlotsSizing {
  readonly #surroundings: Surroundings;
  readonly #slots: Pick<FileSlots<unknown>, "inUse" | "size" | "resize">;
  #end: Cancel = () => {};

  constructor(surroundings: Surroundings, slots: Pick<FileSlots<unknown>, "inUse" | "size" | "resize">) {
    this.#surroundings = surroundings;
    this.#slots = slots;
  }

  /** @param slots undefined: it stays as it is */
  use(slots: PipelineChange["slots"] | undefined): void {
    if (slots === undefined) return;
    this.end();
    if (typeof slots === "object") this.#end = this.#find(slots);
    else this.#slots.resize(typeof slots === "number" ? slots : this.#step(slots));
  }

  /** The number stays as it is from now on. */
  end(): void {
    this.#end();
    this.#end = () => {};
  }

  #step(direction: "more" | "fewer"): number {
    const { size } = this.#slots;
    const step = Math.max(1, Math.round(size * STEP));
    return direction === "more" ? size + step : Math.max(1, size - step);
  }

  /** Changes the number of slots with the load. @returns ends that */
  #find({ load, threads, onChange }: AutoSlots): Cancel {
    const { size: start } = this.#slots;
    const look = () => {
      const { activeMs: threadMs, isTrying: isTryingThread } = threads ?? {
        activeMs: performance.eventLoopUtilization().active,
        isTrying: false,
      };
      return { ...load(), threadMs, isTryingThread };
    };
    const pool = new PoolSize(this.#surroundings.monotonic(), look(), { ...POOL_BOUNDS, start });
    return every(this.#surroundings, LOOK_MS, () => {
      const change = pool.look(this.#surroundings.monotonic(), look(), this.#slots.inUse);
      if (change === undefined) return;
      this.#slots.resize(change.to);
      onChange(change);
    });
  }
}
