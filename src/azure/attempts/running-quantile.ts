/** Buckets to each doubling: a value is known to 9 %. */
const PER_OCTAVE = 8;
/** What is shorter is counted as this, ms; a power of two. */
const SHORTEST_OCTAVE = -3;
const LONGEST_OCTAVE = 20;
const BUCKETS = (LONGEST_OCTAVE - SHORTEST_OCTAVE) * PER_OCTAVE;
/** After so many samples the older ones count half. */
const HALF_LIFE = 1_000;

/** Quantiles of durations as they have been of late, in a table of fixed size. */
export class RunningQuantile {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #untilHalved = HALF_LIFE;

  /** How many samples there are to judge by; those that were halved count as what is left of them. */
  get samples(): number {
    return this.#total;
  }

  /** @param ms a duration */
  add(ms: number): void {
    const bucket = Math.floor((Math.log2(ms) - SHORTEST_OCTAVE) * PER_OCTAVE);
    const at = Math.max(0, Math.min(BUCKETS - 1, bucket));
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total++;
    if (--this.#untilHalved === 0) this.#halve();
  }

  /** The duration that this share of the samples does not exceed, ms, at most 9 % too long; 0 without samples. */
  at(share: number): number {
    let left = share * this.#total;
    if (left <= 0) return 0;
    const bucket = this.#counts.findIndex((count) => (left -= count) <= 0);
    return 2 ** ((bucket === -1 ? BUCKETS : bucket + 1) / PER_OCTAVE + SHORTEST_OCTAVE);
  }

  #halve(): void {
    for (const [bucket, count] of this.#counts.entries()) this.#counts[bucket] = count / 2;
    this.#total /= 2;
    this.#untilHalved = HALF_LIFE;
  }
}
