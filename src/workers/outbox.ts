/**
 * Gathers what one turn of the loop has to say, and sends it as one message when the turn is over: a message costs 20 us
 * by itself, and some 5 us in a batch (`docs/design/026-slots-on-threads.md`).
 */
export class Outbox<T> {
  readonly #send: (gathered: readonly T[]) => void;
  #gathered: T[] = [];

  /** @param send is called once a turn, with at least one; must not throw */
  constructor(send: (gathered: readonly T[]) => void) {
    this.#send = send;
  }

  /** Sends it with all else of this turn. */
  add(one: T): void {
    this.#gathered.push(one);
    if (this.#gathered.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#send(gathered);
  }
}
