/** How many requests may be made a second time: each first request earns one unit, a second one costs many. */
export interface HedgeBudget {
  /** A first request is made. @param most units that are kept */
  earn(most: number): void;
  /** Whether there are so many units. */
  has(units: number): boolean;
  /** Takes so many units when they are there; another thread may have taken them. @returns whether they were */
  spend(units: number): boolean;
  /** The second request was not made. */
  giveBack(units: number): void;
}

/** The budget of one thread. */
export class OwnHedgeBudget implements HedgeBudget {
  #unused = 0;

  earn(most: number): void {
    this.#unused = Math.min(this.#unused + 1, most);
  }

  has(units: number): boolean {
    return this.#unused >= units;
  }

  spend(units: number): boolean {
    if (this.#unused < units) return false;
    this.#unused -= units;
    return true;
  }

  giveBack(units: number): void {
    this.#unused += units;
  }
}
