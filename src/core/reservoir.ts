/**
 * A sample of a stream of unknown length, in which each element has the same chance to be (Vitter's algorithm R, "Random
 * Sampling with a Reservoir", ACM TOMS 1985).
 */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  #items: T[] = [];
  #seen = 0;

  /** @param size elements of the sample at most @param random gives a number in [0, 1) */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  /** How many elements were offered. */
  get seen(): number {
    return this.#seen;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Takes the element into the sample, in place of another one, or leaves it out. */
  offer(element: T): void {
    this.#seen++;
    if (this.#items.length < this.#size) {
      this.#items.push(element);
      return;
    }
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#items[place] = element;
  }
}
