/** Whether the work that a machine has at hand runs low. */
import type { StateSummary } from "../state/ledger.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** So long the work at hand is to last, ms: to take a partition takes less. */
const RESERVE_MS = 4_000;

export class ReadyWork {
  readonly #surroundings: Surroundings;
  readonly #tally: () => Pick<StateSummary, "workItems">;
  /** How many work items were begun by then, oldest first; of the last `RESERVE_MS`, and one from before. */
  #begun: { readonly at: number; readonly count: number }[] = [];

  constructor(surroundings: Surroundings, tally: () => Pick<StateSummary, "workItems">) {
    this.#surroundings = surroundings;
    this.#tally = tally;
  }

  /** Fewer work items are pending than were begun of late, or none. To be asked several times a second. */
  get isLow(): boolean {
    const at = this.#surroundings.monotonic();
    const { pending, in_progress: inProgress, completed, empty, failed } = this.#tally().workItems;
    const count = inProgress + completed + empty + failed;
    this.#begun.push({ at, count });
    while ((this.#begun[1]?.at ?? at) <= at - RESERVE_MS) this.#begun.shift();
    const lately = count - (this.#begun[0]?.count ?? count);
    return pending < Math.max(1, lately);
  }
}
