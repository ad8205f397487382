import { onAbort } from "../azure/azure.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

interface Waiter<T> {
  readonly bytes: number;
  readonly grant: (given: T) => void;
}

/** Those who wait for their turn: first come, first served, so that a large request is not passed over for ever. */
export class WaitingLine<T> {
  readonly #surroundings: Pick<Surroundings, "monotonic">;
  readonly #give: (bytes: number) => T | undefined;
  readonly #line: Waiter<T>[] = [];
  #bytes = 0;
  #heldMs = 0;
  #heldAt = 0;

  /** @param give what the first one gets; undefined: it waits on */
  constructor(surroundings: Pick<Surroundings, "monotonic">, give: (bytes: number) => T | undefined) {
    this.#surroundings = surroundings;
    this.#give = give;
  }

  get isEmpty(): boolean {
    return this.#line.length === 0;
  }

  /** What all who wait ask for. */
  get bytes(): number {
    return this.#bytes;
  }

  /** For how long they waited, all together, ms; it only grows. */
  get heldMs(): number {
    this.#account();
    return this.#heldMs;
  }

  /** Gives at once when nobody waits. @returns undefined when it has to be waited for */
  takeNow(bytes: number): T | undefined {
    return this.isEmpty ? this.#give(bytes) : undefined;
  }

  /** @throws the signal's reason */
  async take(bytes: number, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    return this.takeNow(bytes) ?? this.#wait(bytes, signal);
  }

  /** To be called when there may be more to give. */
  serve(): void {
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      const given = this.#give(first.bytes);
      if (given === undefined) return;
      this.#remove(0);
      first.grant(given);
    }
  }

  async #wait(bytes: number, signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = { bytes, grant: resolve };
    this.#account();
    this.#line.push(waiter);
    this.#bytes += bytes;
    const stay = onAbort(signal, () => {
      const at = this.#line.indexOf(waiter);
      if (at === -1) return;
      this.#remove(at);
      reject(signal.reason as Error);
      this.serve();
    });
    try {
      return await promise;
    } finally {
      stay();
    }
  }

  #remove(at: number): void {
    this.#account();
    for (const { bytes } of this.#line.splice(at, 1)) this.#bytes -= bytes;
  }

  #account(): void {
    const now = this.#surroundings.monotonic();
    this.#heldMs += this.#line.length * (now - this.#heldAt);
    this.#heldAt = now;
  }
}
