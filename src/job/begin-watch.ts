/** What of this machine's part may begin now, as its leases say: the pipeline is told when that changes. */
import type { Surroundings } from "../surroundings/surroundings.ts";

export class BeginWatch {
  /** Since when a lease is in doubt, ms since the epoch; undefined: none is. */
  uncertainSince: number | undefined;
  readonly #surroundings: Surroundings;
  #changed: () => void = () => {};
  #before: string;

  /** @param before what may begin, in words that differ when it differs */
  constructor(surroundings: Surroundings, before: string) {
    this.#surroundings = surroundings;
    this.#before = before;
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** Takes how it stands now. @param now as `before` in the constructor */
  look(now: string, isUncertain: boolean): void {
    this.uncertainSince = isUncertain ? (this.uncertainSince ?? this.#surroundings.wall()) : undefined;
    if (now === this.#before) return;
    this.#before = now;
    this.#changed();
  }
}
