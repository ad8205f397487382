/** Whether the work that a machine has at hand runs low. */
import type { PipelineLive } from "../pipeline/pipeline.ts";
import type { StateSummary } from "../state/ledger.ts";

/** To take partitions takes so long, ms, before it was measured; and at most, as far as it counts here. */
const FIRST_TAKE_MS = 500;
const LONGEST_TAKE_MS = 3_000;
/** The next take may last twice as long. */
const RESERVE = 2;

export class ReadyWork {
  readonly #tally: () => Pick<StateSummary, "workItems">;
  #live: Pick<PipelineLive, "supply"> | undefined;
  #takeMs = FIRST_TAKE_MS;

  /** @param tally of the state: its pending work items are those that are held and not begun */
  constructor(tally: () => Pick<StateSummary, "workItems">) {
    this.#tally = tally;
  }

  /** From now on the pipeline tells what it needs. */
  follow(live: Pick<PipelineLive, "supply">): void {
    this.#live = live;
  }

  /** Told how long it took to take partitions. */
  tookMs(ms: number): void {
    this.#takeMs = Math.min(LONGEST_TAKE_MS, ms);
  }

  /**
   * How many work items are to come, so that the slots do not wait for them; 0 when what is at hand is enough. At hand are
   * the files that are ready or looked up, and those of the work items that are held and not begun.
   */
  get missing(): number {
    return this.need.workItems;
  }

  /** The same, and how many files that is. */
  get need(): { readonly workItems: number; readonly files: number } {
    const { pending } = this.#tally().workItems;
    const supply = this.#live?.supply;
    if (supply === undefined) return pending === 0 ? { workItems: 1, files: 1 } : { workItems: 0, files: 0 };
    const { ahead, enough, filesPerWorkItem, filesPerMs } = supply;
    const wanted = enough + RESERVE * this.#takeMs * filesPerMs;
    const workItems = Math.max(0, Math.ceil((wanted - ahead) / filesPerWorkItem) - pending);
    return { workItems, files: workItems * filesPerWorkItem };
  }
}
