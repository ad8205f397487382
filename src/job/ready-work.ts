/** Whether the work that a machine has at hand runs low. */
import type { StateSummary } from "../state/ledger.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** So long the work at hand is to last, ms: twice as long as it takes to take partitions, within these bounds. */
const LEAST_RESERVE_MS = 500;
const MOST_RESERVE_MS = 4_000;

export class ReadyWork {
  readonly #surroundings: Surroundings;
  readonly #tally: () => Pick<StateSummary, "workItems">;
  #reserveMs = LEAST_RESERVE_MS;
  /** How many work items were begun by then, oldest first; of `MOST_RESERVE_MS`, and one from before. */
  #begun: { readonly at: number; readonly count: number }[] = [];

  constructor(surroundings: Surroundings, tally: () => Pick<StateSummary, "workItems">) {
    this.#surroundings = surroundings;
    this.#tally = tally;
  }

  /** Told how long it took to take partitions, ms. */
  tookMs(ms: number): void {
    this.#reserveMs = Math.min(MOST_RESERVE_MS, Math.max(LEAST_RESERVE_MS, 2 * ms));
  }

  /** How many work items are to come, so that those at hand last; 0 when they do. To be asked several times a second. */
  get missing(): number {
    const at = this.#surroundings.monotonic();
    const { pending, in_progress: inProgress, completed, empty, failed } = this.#tally().workItems;
    const count = inProgress + completed + empty + failed;
    this.#begun.push({ at, count });
    while ((this.#begun[1]?.at ?? at) <= at - MOST_RESERVE_MS) this.#begun.shift();
    const before = this.#begun.findLast((sample) => sample.at <= at - this.#reserveMs) ?? this.#begun[0];
    const lately = count - (before?.count ?? count);
    return Math.max(0, Math.max(1, lately) - pending);
  }

  get isLow(): boolean {
    return this.missing > 0;
  }
}
