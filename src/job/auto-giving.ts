/**
 * Gives work away at the tail: when nothing is free and another machine has nothing to do, what this machine holds and has not
 * opened becomes sub-partitions, which anyone may take.
 */
import { giftNumber } from "../core/sub-partition.ts";
import type { AutoMachine } from "../machines/auto-machine.ts";
import type { RunView } from "../machines/machines.ts";
import type { PipelineLive } from "../pipeline/pipeline.ts";
import type { OpenState } from "../state/state-kind.ts";

/** A gift is to keep its taker busy for so long, ms: to take it costs a second. */
const WORTH_MS = 4_000;
const FEWEST_FILES = 2;
/** Sub-partitions of one gift. */
const MOST_PIECES = 8;

export interface GivingOptions {
  readonly machine: AutoMachine;
  readonly state: OpenState;
  /** Partitions that are being given back. */
  readonly givingBack: ReadonlyMap<number, unknown>;
}

interface Offer {
  readonly partition: number;
  /** As far as surveys and lookups of late tell. */
  readonly files: number;
  readonly workItems: number;
}

export class AutoGiving {
  readonly #with: GivingOptions;
  #live: Pick<PipelineLive, "supply"> | undefined;

  constructor(options: GivingOptions) {
    this.#with = options;
  }

  /** From now on the pipeline tells how fast files are done, and what is ready. */
  follow(live: Pick<PipelineLive, "supply">): void {
    this.#live = live;
  }

  /** Whether this machine has something to give, and nothing else is free: then the others are to be looked at more often. */
  isAtTail(run: RunView): boolean {
    return !this.#isAnyFree(run) && this.#best(this.#offers()) !== undefined;
  }

  /**
   * Gives away what other machines that have nothing to do can take: of the partition that has most.
   *
   * @returns the sub-partitions that were made of it; their records follow once the account has accepted the checkpoint
   * @throws what the state throws; the signal's reason
   */
  async giveIfIdle(run: RunView, signal: AbortSignal): Promise<readonly number[]> {
    const { machine, state } = this.#with;
    const supply = this.#live?.supply;
    const offers = this.#offers();
    const best = this.#best(offers);
    if (supply === undefined || best === undefined || this.#isAnyFree(run)) return [];
    const idle = await machine.idle.count(signal);
    if (idle === 0) return [];
    const pieces = Math.min(idle, MOST_PIECES, Math.floor(best.files / this.#fewestFiles));
    const others = offers.reduce((sum, { files }) => sum + files, 0) - best.files;
    const split = { pieces, besides: supply.ahead + others, filesEach: supply.filesPerWorkItem };
    const given = state.gifts?.give(best.partition, split) ?? [];
    if (given.length > 0) await machine.checkpoint(best.partition, signal);
    return given;
  }

  get #fewestFiles(): number {
    return Math.max(FEWEST_FILES, (this.#live?.supply?.filesPerMs ?? 0) * WORTH_MS);
  }

  #offers(): Offer[] {
    const { machine, state, givingBack } = this.#with;
    const { gifts } = state;
    const each = this.#live?.supply?.filesPerWorkItem ?? 1;
    if (gifts === undefined) return [];
    return [...machine.held]
      .filter((partition) => giftNumber(partition) === 0 && machine.mayBegin(partition))
      .filter((partition) => !givingBack.has(partition))
      .map((partition) => {
        const { workItems, files, uncounted } = gifts.offerable(partition);
        return { partition, workItems, files: files + uncounted * each };
      });
  }

  #best(offers: readonly Offer[]): Offer | undefined {
    const enough = offers.filter(({ workItems, files }) => workItems > 0 && files >= this.#fewestFiles);
    return enough.toSorted((a, b) => b.files - a.files)[0];
  }

  /** What is dead is free soon. Of a sub-partition that was just made this state may know no work items yet. */
  #isAnyFree({ partitions }: RunView): boolean {
    const { machine, state } = this.#with;
    return partitions.some(({ partition, record, lease }) => {
      if (lease === "leased" || record?.state === "done" || machine.held.has(partition)) return false;
      return giftNumber(partition) > 0 || state.queue.left(partition).all > 0;
    });
  }
}
