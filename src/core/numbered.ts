/** Where something is kept until it is taken. */
interface Place<T> {
  value: T | undefined;
}

/**
 * What is under way by its number, such as the calls that wait for an answer; thousands come and go a second.
 *
 * A Map alone would keep what was deleted until the next full collection, for the reason that `LinkedList` tells: here its
 * old tables hold emptied places.
 */
export class Numbered<T> {
  readonly #places = new Map<number, Place<T>>();

  get size(): number {
    return this.#places.size;
  }

  /** @param number that nothing else has now */
  put(number: number, value: T): void {
    this.#places.set(number, { value });
  }

  /** undefined when nothing has this number. */
  get(number: number): T | undefined {
    return this.#places.get(number)?.value;
  }

  /** Takes it out; undefined when nothing has this number. */
  take(number: number): T | undefined {
    const place = this.#places.get(number);
    if (place === undefined) return undefined;
    const { value } = place;
    place.value = undefined;
    this.#places.delete(number);
    return value;
  }

  /** Takes all out, those that came first first. */
  takeAll(): T[] {
    return [...this.#places.keys()].flatMap((number) => this.take(number) ?? []);
  }
}
