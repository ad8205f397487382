/** The sub-partitions that a claim's checkpoint names: each is made once the account has accepted that checkpoint. */
export class NamedGifts {
  readonly #make: (gift: number, signal: AbortSignal) => Promise<void>;
  /** By the last accepted write. */
  #named: readonly number[] = [];
  readonly #made = new Set<number>();

  /** @param make makes its record, unless it is there; undefined: this claim names none */
  constructor(make: ((gift: number, signal: AbortSignal) => Promise<void>) | undefined) {
    this.#make = make ?? (async () => {});
  }

  /** Whether the records of all these are there: a partition is done only then. */
  areMade(gifts: readonly number[]): boolean {
    return gifts.every((gift) => this.#made.has(gift));
  }

  /** A checkpoint that names these was accepted: from now on they are not taken back. */
  accepted(gifts: readonly number[]): void {
    this.#named = gifts;
  }

  /** Makes what is named and not made. @returns whether anything was missing @throws what `make` throws */
  async makeMissing(signal: AbortSignal): Promise<boolean> {
    const missing = this.#named.filter((gift) => !this.#made.has(gift));
    for (const gift of missing) {
      await this.#make(gift, signal);
      this.#made.add(gift);
    }
    return missing.length > 0;
  }
}
