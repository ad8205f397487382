/** A place in an `AgeList`. */
export interface Aged<T> {
  readonly value: T;
  /** When it came, ms. */
  readonly since: number;
}

interface Link<T> extends Aged<T> {
  older: Link<T> | undefined;
  newer: Link<T> | undefined;
}

/**
 * What is under way, oldest first; each comes and goes in constant time. (A Map costs a microsecond for each: what was
 * deleted from its tables lives on in them, and is moved about with them, until the next full collection of garbage.)
 */
export class AgeList<T> {
  #oldest: Link<T> | undefined;
  #newest: Link<T> | undefined;

  get isEmpty(): boolean {
    return this.#oldest === undefined;
  }

  /** @param since not before that of any other */
  add(value: T, since: number): Aged<T> {
    const link: Link<T> = { value, since, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
    return link;
  }

  /** Takes it out; a second call does nothing. @param aged what `add` gave */
  remove(aged: Aged<T>): void {
    const link = aged as Link<T>;
    const { older, newer } = link;
    if (older === undefined && this.#oldest !== link) return;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    link.older = undefined;
    link.newer = undefined;
  }

  /** Oldest first; the one that is given may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<Aged<T>> {
    for (let link = this.#oldest; link !== undefined;) {
      const { newer } = link;
      yield link;
      link = newer;
    }
  }
}
