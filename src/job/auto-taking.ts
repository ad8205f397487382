/**
 * Takes partitions as they get free: another one whenever the ready work runs low. Gives each back when it is done, and
 * takes over into the state what others have done, so that the state tells the whole run at the end.
 */
import type { RunSettings } from "../config/run-options.ts";
import { partitionName } from "../core/sub-partition.ts";
import type { Checkpoint } from "../core/checkpoint.ts";
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import type { AutoMachine } from "../machines/auto-machine.ts";
import { LAST_WORD_MS, PartitionLost, type PartitionView, type RunView } from "../machines/machines.ts";
import { lossError, repartitioned } from "./partition-loss.ts";
import type { OpenState } from "../state/state-kind.ts";
import {
  abortAfter,
  type Moment,
  moment,
  passedSince,
  sleep,
  type Surroundings,
} from "../surroundings/surroundings.ts";
import { adoptDone } from "./auto-adopting.ts";
import { AutoGiving } from "./auto-giving.ts";
import { tooManyFailures } from "./auto-limits.ts";
import { describeGift, describeTakeOvers } from "./auto-text.ts";
import type { JobContext } from "./context.ts";
import { ReadyWork } from "./ready-work.ts";
import type { RunControl } from "./run-control.ts";
import type { TakeOvers } from "./take-overs.ts";

/** How often it is seen whether partitions are done, and work runs low, ms. */
export const TICK_MS = 250;
/** How long the pipeline has to claim work items of a partition that came, ms. */
const CLAIM_MS = 20;
/** After a look that found nothing free, the account is asked again so much later, ms, a fifth more or less by chance. */
const LOOK_AGAIN_MS = 3_000;
/** While there is enough to do, the others are looked at so often, ms. */
const LOOK_AROUND_MS = 15_000;
/** While nothing is free and there is something to give away, ms. */
const LOOK_AT_TAIL_MS = 4_000;
const TAKEN_AT_ONCE = 16;

export interface TakingOptions {
  readonly machine: AutoMachine;
  readonly state: OpenState;
  readonly control: RunControl;
  readonly surroundings: Surroundings;
  readonly notice: JobContext["notice"];
  /** What stands in the way, as an error for the user. */
  readonly explain: (thrown: unknown) => unknown;
  /** Partitions that came into the state's queue. */
  readonly admitted: Set<number>;
  /** Partitions that are done and have something to be tried again here. */
  readonly retries: Set<number>;
  /** A record's checkpoint as this start takes it: with codes to be tried again, less of it stands. */
  readonly chosen: (told: Checkpoint) => Checkpoint;
  /** Work items of each partition. */
  readonly sizes: ReadonlyMap<number, number>;
  /** By partition, what decides which is taken first: a survey puts the counts of files there. */
  readonly files: number[];
  /** Whether it did. */
  readonly isCounted: () => boolean;
  readonly takeOvers: TakeOvers;
  /** Of the whole run. */
  readonly maxFailures: RunSettings["maxFailures"];
}

export class AutoTaking {
  /** The run as it was seen last. */
  run: RunView | undefined;
  /** Since when nothing is free, ms since the epoch. */
  idleSince: number | undefined;
  readonly ready: ReadyWork;
  readonly giving: AutoGiving;
  readonly givingBack = new Map<number, Promise<void>>();
  readonly #with: TakingOptions;
  readonly #ended = new AbortController();
  /** Ends the taking: the run drains, or is over. */
  readonly #signal: AbortSignal;
  /** What is done, here or by the word of its record. */
  readonly #known = new Set<number>();
  readonly #loop: Promise<void>;
  /** Of a partition, on average. */
  readonly #workItemsEach: number;
  #lookedAt: Moment | undefined;
  #nextLookMs = 0;

  /** @param mayTake asked before each look: whether it is a time to take more */
  constructor(options: TakingOptions, mayTake: () => boolean) {
    const { state, control, sizes } = options;
    this.#with = options;
    const workItems = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    this.#workItemsEach = Math.max(1, workItems / Math.max(1, sizes.size));
    this.#signal = AbortSignal.any([this.#ended.signal, control.draining]);
    this.ready = new ReadyWork(() => state.ledger.tally());
    this.giving = new AutoGiving({ ...options, givingBack: this.givingBack });
    this.#loop = this.#keepTaking(mayTake);
  }

  /** Takes nothing more; what is being given back is given back. */
  async end(): Promise<void> {
    this.#ended.abort(new Error("the run has ended"));
    await this.#loop;
    await Promise.all(this.givingBack.values());
  }

  /** @returns whether the partition's last facts were accepted. @throws what the state throws */
  async giveBack(partition: number, signal: AbortSignal): Promise<boolean> {
    const { machine, state, admitted, retries } = this.#with;
    const isDone = state.queue.left(partition).all === 0;
    const isTold = await machine.giveBack(partition, signal).catch(() => false);
    if (isTold && isDone) this.#known.add(partition);
    // What failed once more is not tried a third time: the partition would be taken again and again.
    if (isDone) retries.delete(partition);
    admitted.delete(partition);
    await state.queue.withdraw(partition, new Error("the partition was given back"));
    return isTold;
  }

  /**
   * Claims partitions that nobody holds although nothing of them is left, and gives them back as done: a claim that was cut
   * off at the end leaves one behind. To be called once the taking has ended.
   *
   * @throws ReuploadError `unavailable` when work is left in one
   */
  async finishLeft(signal: AbortSignal): Promise<void> {
    const { machine, state } = this.#with;
    const taken = await machine.take({ which: "any", most: 4 }, signal);
    if (typeof taken === "string") return;
    const isMore = taken.some(({ partition }) => state.queue.left(partition).all > 0);
    await Promise.all(taken.map(async ({ partition }) => this.giveBack(partition, signal)));
    if (isMore) throw new ReuploadError("unavailable", "Another machine opened the run again and left work.");
  }

  async #keepTaking(mayTake: () => boolean): Promise<void> {
    const { control, explain, surroundings } = this.#with;
    try {
      while (!this.#signal.aborted) {
        await this.#giveBackDone();
        await this.#takeOrLook(mayTake());
        await adoptDone({ ...this.#with, run: this.run, known: this.#known }, this.#signal);
        await sleep(surroundings, TICK_MS, this.#signal);
      }
    } catch (thrown) {
      if (this.#signal.aborted) return;
      control.abort(StopRequest.forError(toReuploadError(explain(thrown))));
    }
  }

  /** Gives back what is done, and drops what was lost. */
  async #giveBackDone(): Promise<void> {
    const { machine, state } = this.#with;
    for (const partition of machine.held) {
      if (this.givingBack.has(partition)) continue;
      const lost = machine.lost(partition);
      if (lost?.aborted === true) await this.#drop(partition, lost.reason as Error);
      else if (state.queue.left(partition).all === 0) this.#beginGivingBack(partition);
    }
  }

  /** Beside the rest. What goes wrong is seen again: the partition is not known to be done. */
  #beginGivingBack(partition: number): void {
    const given = this.giveBack(partition, abortAfter(this.#with.surroundings, LAST_WORD_MS));
    const ended = given.then(
      () => {},
      () => {},
    );
    this.givingBack.set(
      partition,
      ended.finally(() => this.givingBack.delete(partition)),
    );
  }

  async #drop(partition: number, why: Error): Promise<void> {
    const { machine, state, admitted, notice } = this.#with;
    if (why instanceof PartitionLost && why.to !== "machine") {
      const { totalPartitions } = state.run.identity;
      throw lossError({ partition, totalPartitions, reason: why });
    }
    await machine.giveBack(partition, AbortSignal.abort(why)).catch(() => false);
    admitted.delete(partition);
    await state.queue.withdraw(partition, why);
    notice("warning", `partition ${partitionName(partition)} is no longer this machine's: ${why.message}`);
  }

  async #takeOrLook(mayTake: boolean): Promise<void> {
    const { machine, surroundings } = this.#with;
    const isDue =
      this.#lookedAt === undefined || passedSince(surroundings, this.#lookedAt) >= this.#nextLookMs;
    const isLow = this.ready.missing > 0;
    if (mayTake && isLow && (isDue || this.idleSince === undefined)) return this.#take();
    if (!isDue) return;
    const run = await machine.look(this.#signal);
    const isDead = run?.partitions.some(
      ({ lease, record }) => lease === "expired" && record?.state !== "done",
    );
    this.#see(run, isDead === true ? LOOK_AGAIN_MS : LOOK_AROUND_MS);
    // What a dead machine had uploaded and not announced is not to wait until the work runs low.
    if (isDead === true && mayTake) await this.#takeSome("dead", 1);
    else if (mayTake && run !== undefined) await this.#give(run);
  }

  async #give(run: RunView): Promise<void> {
    const given = await this.giving.giveIfIdle(run, this.#signal);
    if (given.length > 0) this.#with.notice("info", describeGift(given));
  }

  /**
   * Takes partitions until there is enough to do again, or nothing is free: so many at once as are likely to be enough, and
   * twice as many as before while they prove to be too small. Small ones would come more slowly one after the other than
   * they are done.
   */
  async #take(): Promise<void> {
    const { machine, surroundings } = this.#with;
    for (let atLeast = 1; !this.#signal.aborted; atLeast *= 2) {
      const { workItems, files } = this.ready.need;
      if (workItems === 0) break;
      const most = Math.min(TAKEN_AT_ONCE, Math.max(atLeast, Math.round(workItems / this.#workItemsEach)));
      const enough = this.#with.isCounted() ? files : undefined;
      const taken = await this.#takeSome("any", most, enough);
      // What was counted is enough before it is looked up: a second large partition would keep others waiting at the end.
      if (enough !== undefined && this.#filesOf(taken) >= enough) break;
      if (taken.length === 0) {
        this.idleSince ??= surroundings.wall();
        await machine.idle.tell(this.#signal);
        const pause = LOOK_AGAIN_MS * (0.8 + surroundings.random() * 0.4);
        this.#see(await machine.seen(this.#signal), pause);
        return;
      }
    }
    if (this.#lookedAt === undefined) this.#see(await machine.seen(this.#signal), LOOK_AROUND_MS);
  }

  #filesOf(taken: readonly PartitionView[]): number {
    return taken.reduce((sum, { partition }) => sum + (this.#with.files[partition] ?? 0), 0);
  }

  /** @returns those that were free */
  async #takeSome(which: "any" | "dead", most: number, enough?: number): Promise<readonly PartitionView[]> {
    const { machine, surroundings } = this.#with;
    const asked = surroundings.monotonic();
    const taken = await machine.take({ which, most, enough }, this.#signal);
    this.ready.tookMs(surroundings.monotonic() - asked);
    await this.#withdrawUnclaimed();
    if (taken === "other-generation") throw repartitioned();
    if (typeof taken === "string") return [];
    this.#tellTakeOvers(taken.filter(({ lease }) => lease === "expired"));
    this.idleSince = undefined;
    // The pipeline claims what came: only then it is seen whether that was enough.
    await sleep(surroundings, CLAIM_MS, this.#signal);
    await this.#giveBackDone();
    return taken;
  }

  #tellTakeOvers(views: readonly PartitionView[]): void {
    this.#with.takeOvers.note(views);
    for (const line of describeTakeOvers(views, this.run?.date)) this.#with.notice("warning", line);
  }

  #see(run: RunView | undefined, nextLookMs: number): void {
    if (run === undefined) throw repartitioned();
    this.run = run;
    const { control, maxFailures } = this.#with;
    const stop = tooManyFailures(run, maxFailures);
    if (stop !== undefined) control.drain(stop);
    this.#lookedAt = moment(this.#with.surroundings);
    this.#nextLookMs = this.giving.isAtTail(run) ? Math.min(nextLookMs, LOOK_AT_TAIL_MS) : nextLookMs;
  }

  /** What was admitted for a claim that failed is nobody's work here. */
  async #withdrawUnclaimed(): Promise<void> {
    const { machine, state, admitted } = this.#with;
    const { held } = machine;
    for (const partition of admitted) {
      if (held.has(partition)) continue;
      admitted.delete(partition);
      await state.queue.withdraw(partition, new Error("the partition is another machine's"));
    }
  }
}
