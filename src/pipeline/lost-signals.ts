/** Joins the run's signal and those of claims that may be lost. */
export class LostSignals {
  readonly #run: AbortSignal;
  readonly #onLost: () => void;
  /** By the claim's signal; many claims share one. */
  readonly #joined = new WeakMap<AbortSignal, AbortSignal>();

  /** @param onLost called once for each signal that aborts */
  constructor(run: AbortSignal, onLost: () => void) {
    this.#run = run;
    this.#onLost = onLost;
  }

  /** The signal of what is done for a claim: aborts with the run, and when the claim is lost. */
  join(lost: AbortSignal): AbortSignal {
    const known = this.#joined.get(lost);
    if (known !== undefined) return known;
    // Each request asks it whether it has aborted: one of `AbortSignal.any` would look at the others each time.
    const joined = new AbortController();
    for (const one of [this.#run, lost]) {
      if (one.aborted) joined.abort(one.reason);
      else one.addEventListener("abort", () => joined.abort(one.reason), { once: true });
    }
    this.#joined.set(lost, joined.signal);
    lost.addEventListener("abort", this.#onLost, { once: true });
    return joined.signal;
  }
}
