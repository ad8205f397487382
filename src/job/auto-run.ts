/**
 * A machine's turn at a run whose partitions are taken as they get free: takes another one whenever its ready work runs
 * low, gives each back when it is done, and takes over into its state what others have done, so that the state tells the
 * whole run at the end.
 */
import type { AutoMachine } from "../machines/auto-machine.ts";
import type { RunView } from "../machines/completion.ts";
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import type { ProgressView, RunParts, Waiting } from "../progress/progress.ts";
import type { OpenState } from "../state/state-kind.ts";
import {
  abortAfter,
  every,
  type Moment,
  moment,
  passedSince,
  sleep,
  type Surroundings,
} from "../surroundings/surroundings.ts";
import { describeGivenBack, describeRun, describeWaiting, runParts } from "./auto-text.ts";
import type { JobContext } from "./context.ts";
import type { Figures } from "./coordination.ts";
import type { GuardedRun } from "./guard.ts";
import { ReadyWork } from "./ready-work.ts";
import type { RunControl } from "./run-control.ts";
import type { Services } from "./services.ts";

/** How often it is seen whether partitions are done, and work runs low, ms. */
const TICK_MS = 250;
/** How long the pipeline has to claim work items of a partition that came, ms. */
const CLAIM_MS = 20;
/** After a look that found nothing free, the account is asked again so much later, ms, and a part of it by chance. */
const LOOK_AGAIN_MS = 5_000;
/** While there is enough to do, the others are looked at so often, ms. */
const LOOK_AROUND_MS = 15_000;
/** How many partitions that others have done are taken over between two looks at the own ones. */
const ADOPTED_AT_ONCE = 8;
/** How long the last word is tried, ms; after an abort nobody wants to wait. */
const LAST_WORD_MS = 25_000;
const LAST_WORD_AFTER_ABORT_MS = 3_000;
/** How long the proof of the completion is tried when nobody is seen to work, ms. */
const PROOF_MS = 120_000;

export interface AutoRunOptions {
  readonly machine: AutoMachine;
  readonly state: OpenState;
  readonly control: RunControl;
  readonly surroundings: Surroundings;
  readonly services: Services;
  readonly figures: Figures;
  readonly container: string;
  readonly notice: JobContext["notice"];
  /** What stands in the way, as an error for the user. */
  readonly explain: (thrown: unknown) => unknown;
  /** Partitions that came into the state's queue. */
  readonly admitted: Set<number>;
  /** Partitions that are done and have something to be tried again here. */
  readonly retries: Set<number>;
  /** Work items of each partition. */
  readonly sizes: ReadonlyMap<number, number>;
}

export class AutoRun implements GuardedRun {
  readonly moment: number;
  readonly #with: AutoRunOptions;
  readonly #ended = new AbortController();
  /** Ends the taking: the run drains, or is over. */
  readonly #taking: AbortSignal;
  readonly #ready: ReadyWork;
  /** What is done, here or by the word of its record. */
  readonly #known = new Set<number>();
  readonly #givingBack = new Map<number, Promise<void>>();
  readonly #work: Promise<void>;
  #endLooking: () => void;
  #changed: () => void = () => {};
  #couldBegin = "";
  #uncertainSince: number | undefined;
  #run: RunView | undefined;
  #lookedAt: Moment | undefined;
  /** Nothing was free at the last look. */
  #idleSince: number | undefined;
  #nextLookMs = 0;
  #ending: Promise<readonly string[]> | undefined;
  #unproved: StopRequest | undefined;

  constructor(options: AutoRunOptions) {
    const { machine, state, control, surroundings, services } = options;
    this.#with = options;
    this.moment = machine.moment;
    this.#taking = AbortSignal.any([this.#ended.signal, control.draining]);
    this.#ready = new ReadyWork(surroundings, () => state.ledger.tally());
    this.#endLooking = every(surroundings, TICK_MS, () => this.#tellChanges(), { background: true });
    services.alsoWaitsFor(() => this.#waiting());
    this.#work = this.#keepTaking();
  }

  mayBegin(partition: number): boolean {
    return this.#with.machine.mayBegin(partition);
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  tellProgress(view: ProgressView): void {
    const { figures } = this.#with;
    figures.first ??= view;
    figures.last = view;
  }

  parts(): RunParts | undefined {
    const { machine, state, sizes } = this.#with;
    return this.#run && runParts(this.#run, { held: machine.held, sizes, stateId: state.run.runId });
  }

  unproved(): StopRequest | undefined {
    return this.#unproved;
  }

  async end(): Promise<readonly string[]> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #keepTaking(): Promise<void> {
    const { control, explain, surroundings } = this.#with;
    try {
      while (!this.#taking.aborted) {
        await this.#giveBackDone();
        await this.#takeOrLook();
        await this.#adoptDone();
        await sleep(surroundings, TICK_MS, this.#taking);
      }
    } catch (thrown) {
      if (this.#taking.aborted) return;
      control.abort(StopRequest.forError(toReuploadError(explain(thrown))));
    }
  }

  /** Gives back what is done, and drops what was lost. */
  async #giveBackDone(): Promise<void> {
    const { machine, state } = this.#with;
    for (const partition of machine.held) {
      if (this.#givingBack.has(partition)) continue;
      const lost = machine.lost(partition);
      if (lost?.aborted === true) await this.#drop(partition, lost.reason as Error);
      else if (state.queue.left(partition) === 0) this.#beginGivingBack(partition);
    }
  }

  #beginGivingBack(partition: number): void {
    const { surroundings } = this.#with;
    const given = this.#giveBack(partition, abortAfter(surroundings, LAST_WORD_MS)).then(() => {});
    // What goes wrong is seen again: the partition is not known to be done.
    this.#givingBack.set(
      partition,
      given.catch(() => {}).finally(() => this.#givingBack.delete(partition)),
    );
  }

  /** @returns whether its last facts were accepted */
  async #giveBack(partition: number, signal: AbortSignal): Promise<boolean> {
    const { machine, state, admitted } = this.#with;
    const isDone = state.queue.left(partition) === 0;
    const isTold = await machine.giveBack(partition, signal).catch(() => false);
    if (isTold && isDone) this.#known.add(partition);
    admitted.delete(partition);
    await state.queue.withdraw(partition, new Error("the partition was given back"));
    return isTold;
  }

  async #drop(partition: number, why: Error): Promise<void> {
    const { machine, state, admitted, notice } = this.#with;
    await machine.giveBack(partition, AbortSignal.abort(why)).catch(() => false);
    admitted.delete(partition);
    await state.queue.withdraw(partition, why);
    notice(
      "warning",
      `partition ${partition} is no longer this machine's: ${why.message}. Files in flight are finished.`,
    );
  }

  async #takeOrLook(): Promise<void> {
    const { surroundings, control } = this.#with;
    const isDue =
      this.#lookedAt === undefined || passedSince(surroundings, this.#lookedAt) >= this.#nextLookMs;
    const isPaused = control.state === "paused" || this.#uncertainSince !== undefined;
    const mayAsk = this.#idleSince === undefined || isDue;
    if (!isPaused && mayAsk && this.#ready.isLow) await this.#take();
    else if (isDue) this.#see(await this.#with.machine.look(this.#taking), LOOK_AROUND_MS);
  }

  /** Takes partitions until there is enough to do again, or nothing is free. */
  async #take(): Promise<void> {
    const { machine, surroundings } = this.#with;
    do {
      const taken = await machine.take(this.#taking);
      await this.#withdrawUnclaimed();
      if (typeof taken === "number") {
        this.#idleSince = undefined;
        this.#changed();
        // The pipeline claims what came: only then it is seen whether that was enough.
        await sleep(surroundings, CLAIM_MS, this.#taking);
        await this.#giveBackDone();
      } else if (taken === "other-generation") throw repartitioned();
      else {
        this.#idleSince ??= surroundings.wall();
        this.#see(await machine.seen(this.#taking), LOOK_AGAIN_MS * (0.8 + surroundings.random() * 0.4));
        return;
      }
    } while (this.#ready.isLow && !this.#taking.aborted);
    if (this.#lookedAt === undefined) this.#see(await machine.seen(this.#taking), LOOK_AROUND_MS);
  }

  #see(run: RunView | undefined, nextLookMs: number): void {
    if (run === undefined) throw repartitioned();
    this.#run = run;
    this.#lookedAt = moment(this.#with.surroundings);
    this.#nextLookMs = nextLookMs;
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

  /** Takes over into the state what others have done: at the end it tells the whole run. */
  async #adoptDone(): Promise<void> {
    const { machine, state, retries } = this.#with;
    const { held } = machine;
    const done = (this.#run?.partitions ?? []).filter(
      ({ partition, record, lease }) =>
        record?.state === "done" && lease !== "leased" && !this.#known.has(partition) && !held.has(partition),
    );
    for (const { partition } of done.slice(0, ADOPTED_AT_ONCE)) {
      await machine.adopt(partition, this.#taking);
      this.#known.add(partition);
      await this.#withdrawUnclaimed();
      if (state.queue.left(partition) > 0) retries.add(partition);
    }
  }

  async #end(): Promise<readonly string[]> {
    const { machine, surroundings, control } = this.#with;
    this.#endLooking();
    this.#ended.abort(new Error("the run has ended"));
    await this.#work;
    await Promise.all(this.#givingBack.values());
    const isAborted = control.aborting.aborted;
    const signal = abortAfter(surroundings, isAborted ? LAST_WORD_AFTER_ABORT_MS : LAST_WORD_MS);
    const given = await Promise.all(
      [...machine.held].map(async (partition) => {
        const isDone = this.#with.state.queue.left(partition) === 0;
        return { partition, isDone, isTold: await this.#giveBack(partition, signal) };
      }),
    );
    const lines = describeGivenBack(given);
    const isOver = !control.draining.aborted && (await this.#prove());
    const run = await machine
      .look(abortAfter(surroundings, LAST_WORD_AFTER_ABORT_MS))
      .catch((): undefined => undefined);
    if (run !== undefined) this.#run = run;
    const parts = this.parts();
    return parts === undefined ? lines : [...lines, ...describeRun(parts, isOver)];
  }

  /** Nothing is left here: waits until the records of all partitions prove that nothing is left anywhere. */
  async #prove(): Promise<boolean> {
    const { machine, surroundings, control, notice, explain } = this.#with;
    const signal = AbortSignal.any([control.draining, abortAfter(surroundings, PROOF_MS)]);
    try {
      for (let attempt = 1; ; attempt++) {
        if (await machine.prove(signal)) return true;
        if (attempt === 2)
          notice("info", "nothing is left here; waiting until all partitions are proved to be done");
        await sleep(surroundings, LOOK_AGAIN_MS / 2, signal);
      }
    } catch (thrown) {
      this.#unproved = control.stopRequest ?? unproved(signal.aborted ? undefined : explain(thrown));
      return false;
    }
  }

  /** Tells the pipeline when other work may begin. */
  #tellChanges(): void {
    const { machine, surroundings } = this.#with;
    const held = [...machine.held];
    const mayBegin = held.filter((partition) => machine.mayBegin(partition));
    const isUncertain = held.some(
      (partition) => !mayBegin.includes(partition) && !this.#givingBack.has(partition),
    );
    this.#uncertainSince = isUncertain ? (this.#uncertainSince ?? surroundings.wall()) : undefined;
    const now = mayBegin.join(" ");
    if (now === this.#couldBegin) return;
    this.#couldBegin = now;
    this.#changed();
  }

  #waiting(): Waiting | undefined {
    if (this.#ending !== undefined) return undefined;
    if (this.#uncertainSince !== undefined) {
      const what = `coordination container ${this.#with.container}`;
      const advice = "leases are not renewed; nothing new begins until they are";
      return { what, since: this.#uncertainSince, advice, throttled: false };
    }
    const parts = this.parts();
    if (this.#idleSince === undefined || parts === undefined || this.#with.machine.held.size > 0)
      return undefined;
    return {
      what: "other machines",
      since: this.#idleSince,
      advice: describeWaiting(parts),
      throttled: true,
    };
  }
}

function repartitioned(): ReuploadError {
  return new ReuploadError("partition-lost", "The run was partitioned anew, or its manifest was deleted.", {
    advice: "Start this machine again as the others were started.",
  });
}

function unproved(cause: unknown): StopRequest {
  const error = new ReuploadError(
    "unavailable",
    "Nothing is left here, but the records of all partitions do not prove that the run is complete.",
    { cause, advice: "Run this command again with --resume." },
  );
  return StopRequest.forError(error);
}
