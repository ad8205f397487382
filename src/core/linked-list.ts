/** A place in a `LinkedList`. */
export interface Link<T> {
  readonly value: T;
}

interface Node<T> extends Link<T> {
  older: Node<T> | undefined;
  newer: Node<T> | undefined;
}

/**
 * What is under way, oldest first; each comes and goes in constant time.
 *
 * A Map or a Set from which thousands a second are deleted costs more than a microsecond for each: V8 makes a new table
 * every some hundred members, and each old one holds its members, and the next table. Once one such table has been taken for
 * old, all that follow live until the next full collection, with whatever their members refer to.
 */
export class LinkedList<T> {
  #oldest: Node<T> | undefined;
  #newest: Node<T> | undefined;

  get isEmpty(): boolean {
    return this.#oldest === undefined;
  }

  add(value: T): Link<T> {
    const node: Node<T> = { value, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    return node;
  }

  /** Takes it out; a second call does nothing. @param link what `add` gave */
  remove(link: Link<T>): void {
    const node = link as Node<T>;
    const { older, newer } = node;
    if (older === undefined && this.#oldest !== node) return;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    node.older = undefined;
    node.newer = undefined;
  }

  /** Takes the oldest out; undefined when there is none. */
  shift(): T | undefined {
    const oldest = this.#oldest;
    if (oldest !== undefined) this.remove(oldest);
    return oldest?.value;
  }

  /** Oldest first; the one that is given may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<Link<T>> {
    for (let node = this.#oldest; node !== undefined;) {
      const { newer } = node;
      yield node;
      node = newer;
    }
  }
}
