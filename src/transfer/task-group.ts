/** Runs a few tasks at once, in the order they come; the first error stops the taking of new ones. */
export class TaskGroup {
  readonly #width: number;
  readonly #running = new Set<Promise<void>>();
  #failed = false;
  #error: unknown;

  constructor(width: number) {
    this.#width = width;
  }

  /**
   * Starts the task once a lane is free; `cleanUp` is called when it ended, or when it is not started at all.
   *
   * @throws the first error of an earlier task
   */
  async add(task: () => Promise<void>, cleanUp: () => void = () => {}): Promise<void> {
    while (this.#running.size >= this.#width) await Promise.race(this.#running);
    if (this.#failed) {
      cleanUp();
      this.throwFirst();
    }
    const run: Promise<void> = task()
      .catch((thrown: unknown) => {
        if (!this.#failed) this.#error = thrown;
        this.#failed = true;
      })
      .finally(() => {
        this.#running.delete(run);
        cleanUp();
      });
    this.#running.add(run);
  }

  /** Waits until no task runs; never throws. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** @throws the first error of any task */
  throwFirst(): void {
    if (this.#failed) throw this.#error;
  }
}
