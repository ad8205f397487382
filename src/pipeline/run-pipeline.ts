import type { Lookup } from "../catalog/catalog.ts";
import { ReuploadError } from "../core/errors.ts";
import type { Claim } from "../state/work-queue.ts";
import { readStopRequest, StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import { CountCheck } from "./count-check.ts";
import { type Demand, RecentRate } from "./demand.ts";
import { DrainingWaits } from "./draining-waits.ts";
import { FailureLimit } from "./failure-limit.ts";
import { fileJourney } from "./file-journey.ts";
import { type EndWithoutFiles, endWithoutFiles } from "./end-without-files.ts";
import { type FileTask, chooseName, OpenWorkItem } from "./open-work-item.ts";
import type {
  PipelineControl,
  PipelineLive,
  PipelineOptions,
  PipelineOutcome,
  RunningPipeline,
  Stages,
} from "./pipeline.ts";
import { Feeder } from "./feeder.ts";
import { FileSlots, findSize } from "./file-slots.ts";
import { LookUps } from "./look-ups.ts";
import { LostSignals } from "./lost-signals.ts";
import { POOL_BOUNDS } from "./pool-size.ts";
import { ReadyFiles } from "./ready-files.ts";
import { surveyAhead } from "./survey-ahead.ts";

/** Starts the pipeline; it runs until the state has no pending work item, or until it is told to stop. */
export function startPipeline(
  stages: Stages,
  options: PipelineOptions,
  control: PipelineControl,
): RunningPipeline {
  const pipeline = new Pipeline(stages, options, control);
  return { live: pipeline, goOn: () => pipeline.goOn(), outcome: pipeline.run() };
}

class Pipeline implements PipelineLive {
  /** Claimed and not ended yet, by id; those that were looked up have an item. */
  readonly #open = new Map<number, OpenWorkItem | undefined>();
  readonly #stages: Stages;
  readonly #options: PipelineOptions;
  readonly #control: PipelineControl;
  readonly #ready: ReadyFiles<FileTask>;
  readonly #slots: FileSlots<FileTask>;
  /** Ends everything under way. */
  readonly #signal: AbortSignal;
  /** Ends what only prepares further files: a drain needs none. */
  readonly #feedSignal: AbortSignal;
  /** When it drains, files that only wait are given back. */
  readonly #waits: DrainingWaits;
  readonly #lookUps: LookUps;
  readonly #filesDone: RecentRate;
  readonly #failures: FailureLimit;
  readonly #links = { renewed: 0 };
  readonly miscounted = new CountCheck();
  /** What this pipeline cannot go on without. */
  #fatal: StopRequest | undefined;
  readonly #lost: LostSignals;
  /** A survey may bring completed work items back. */
  #isSurveying = true;
  readonly #feeder: Feeder;

  constructor(stages: Stages, options: PipelineOptions, control: PipelineControl) {
    this.#stages = stages;
    const { surroundings } = stages;
    this.#filesDone = new RecentRate(surroundings.monotonic());
    this.#options = options;
    this.#control = control;
    const { mayBegin = () => true } = control;
    this.#ready = new ReadyFiles(({ item }) => mayBegin(item.partition));
    const { slots = options.workItemWorkers * options.fileWorkers } = options;
    const size = typeof slots === "number" ? slots : POOL_BOUNDS.start;
    this.#slots = new FileSlots(
      size,
      this.#ready,
      async (task, leaveSlot) => this.#process(task, leaveSlot),
      () => this.#feeder.wake(),
    );
    this.#signal = control.stop.aborting;
    this.#feedSignal = AbortSignal.any([this.#signal, control.stop.draining]);
    this.#waits = new DrainingWaits(surroundings, this.#signal, this.#feedSignal);
    this.#feeder = new Feeder({
      queue: stages.state.queue,
      feedSignal: this.#feedSignal,
      signal: this.#signal,
      demand: () => this.#demand,
      isSurveying: () => this.#isSurveying,
      onClaims: (claims) => this.#take(claims),
    });
    this.#lookUps = new LookUps(surroundings, stages.catalog, this.#feedSignal, {
      onAnswer: (claim, lookup) => this.#takeAnswer(claim, lookup),
      onNoAnswer: (claim) => this.#noAnswer(claim),
      onFailure: (thrown) => {
        // A stop ends lookups too; what was asked for is given back.
        if (!this.#mustHalt) this.#fail(thrown);
      },
      onEnd: () => this.#feeder.wake(),
    });
    this.#lost = new LostSignals(this.#signal, () => this.#dropLost());
    this.#failures = new FailureLimit(options.maxFailures);
  }

  async run(): Promise<PipelineOutcome> {
    using _waits = this.#waits;
    const halt = () => {
      this.#ready.close();
      this.#feeder.wake();
    };
    this.#feedSignal.addEventListener("abort", halt, { once: true });
    if (this.#mustHalt) halt();
    const { slots } = this.#options;
    const endSizing =
      typeof slots === "object" ? findSize(this.#stages.surroundings, this.#slots, slots) : undefined;
    const survey = this.#survey();
    await this.#feed();
    await Promise.all([survey, this.#slots.emptied()]);
    endSizing?.();
    this.#feedSignal.removeEventListener("abort", halt);
    this.#giveBack([...this.#open.keys()]);
    return this.#outcome();
  }

  #outcome(): PipelineOutcome {
    if (this.#fatal !== undefined) return { kind: "stopped", request: this.#fatal };
    if (!this.#mustHalt) return { kind: "finished" };
    const request = readStopRequest(this.#feedSignal);
    const isOver = request.kind === "too-many-failures" && this.#isAllDone;
    return isOver ? { kind: "finished" } : { kind: "stopped", request };
  }

  /** Asks again for what could not begin. */
  goOn(): void {
    this.#slots.fill();
    this.#feeder.wake();
  }

  /** Nothing was left when it was told to stop. */
  get #isAllDone(): boolean {
    const {
      pending,
      in_progress: inProgress,
      not_mine: notMine,
    } = this.#stages.state.ledger.tally().workItems;
    return pending + inProgress + notMine === 0;
  }

  get slots(): number {
    return this.#slots.size;
  }

  get slotsInUse(): number {
    return this.#slots.inUse;
  }

  get openWorkItems(): number {
    return this.#open.size;
  }

  get linksRenewed(): number {
    return this.#links.renewed;
  }

  get #mustHalt(): boolean {
    return this.#feedSignal.aborted;
  }

  #fail(error: unknown): void {
    // What an abort makes the others throw is no cause of its own.
    if (this.#signal.aborted) return;
    this.#fatal = StopRequest.forError(toReuploadError(error));
    this.#control.stop.abort(this.#fatal);
  }

  /** Takes one file through its slot. */
  async #process(task: FileTask, leaveSlot: () => void): Promise<void> {
    const { item } = task;
    item.inFlight++;
    try {
      const signals = { signal: this.#lost.join(item.lost), waits: this.#waits };
      const report = await fileJourney(this.#stages, this.#options, task, leaveSlot, signals);
      if (report === undefined) return;
      const isFailed = report.outcome === "failed";
      item.fileDone(isFailed ? "failed" : report.outcome === "skipped" ? "skipped" : "completed");
      this.#count(isFailed);
      this.#filesDone.add(this.#stages.surroundings.monotonic());
      this.#control.onFile?.(report);
      if (item.isDone) this.#finish(item);
    } catch (thrown) {
      // What a loss cut off is the next holder's; what was recorded of it stands.
      const isCutOff = item.lost.aborted && !(thrown instanceof ReuploadError && thrown !== item.lost.reason);
      if (!isCutOff) this.#fail(thrown);
    } finally {
      item.inFlight--;
      if (item.lost.aborted) this.#dropLost();
    }
  }

  /** Begins nothing more for lost claims, and gives back those that have nothing in flight. */
  #dropLost(): void {
    this.#ready.drop(({ item }) => item.lost.aborted);
    const lost = [...this.#open.values()].filter(
      (item) => item?.lost.aborted === true && item.inFlight === 0,
    );
    this.#giveBack(lost.flatMap((item) => item?.id ?? []));
  }

  #count(hasFailed: boolean): void {
    this.#failures.count(hasFailed);
    if (this.#failures.isPassed(this.#slots.unfinished))
      this.#control.stop.drain(this.#failures.stopRequest());
  }

  async #survey(): Promise<void> {
    try {
      await surveyAhead(this.#stages, this.#feedSignal, {
        onCounted: (counted) => this.miscounted.noteSurveys(counted),
        onBroughtBack: () => this.#feeder.claimAgain(),
      });
    } catch (thrown) {
      if (!this.#mustHalt) this.#fail(thrown);
    }
    this.#isSurveying = false;
    this.#feeder.wake();
  }

  /** Gives back claims that did not come to their end. */
  #giveBack(ids: readonly number[]): void {
    try {
      this.#stages.state.queue.release(ids);
    } catch (thrown) {
      this.#fail(thrown);
    }
    for (const id of ids) this.#close(id);
  }

  #finish(item: OpenWorkItem): void {
    item.finish();
    this.#close(item.id);
  }

  #close(id: number): void {
    this.#open.delete(id);
    this.#feeder.wake();
  }

  async #feed(): Promise<void> {
    try {
      await this.#feeder.feed();
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#ready.close();
    await this.#lookUps.ended();
  }

  get #demand(): Demand {
    const { workItemWorkers, fileWorkers } = this.#options;
    return {
      slots: this.slots,
      slotsInUse: this.slotsInUse,
      readyFiles: this.#ready.size,
      openWorkItems: this.openWorkItems,
      beingLookedUp: this.#lookUps.waiting,
      lookupsUnderWay: this.#lookUps.underWay,
      filesPerWorkItem: this.#lookUps.filesPerWorkItem.value,
      filesDuringLookup:
        (this.#lookUps.ms.value ?? 0) * this.#filesDone.perMs(this.#stages.surroundings.monotonic()),
      workItemWorkers,
      fileWorkers,
      batchSize: this.#stages.catalog.batchSize,
    };
  }

  #take(claims: readonly Claim[]): void {
    for (const { id, lost } of claims) {
      this.#open.set(id, undefined);
      this.#lost.join(lost);
    }
    this.#lookUps.start(claims);
  }

  /** The catalog's contract is one answer each; one that is missing must not be taken for "no files". */
  #noAnswer(claim: Claim): void {
    if (claim.lost.aborted) return this.#giveBack([claim.id]);
    const message = "the catalog gave no answer for this work item";
    this.#endUnopened(claim, { status: "failed", failure: { code: "catalog-error", message, attempts: 1 } });
  }

  #takeAnswer(claim: Claim, lookup: Lookup): void {
    if (claim.lost.aborted) return this.#giveBack([claim.id]);
    this.miscounted.noteLookup(claim, lookup);
    const end = endWithoutFiles(claim, lookup, this.#options);
    if (end !== undefined) return this.#endUnopened(claim, end);
    const name = chooseName(claim, lookup);
    const item = new OpenWorkItem(claim, name, this.#stages, this.#links, this.#control.onFile);
    this.#open.set(claim.id, item);
    const tasks = item.open(claim, lookup, this.#options);
    if (item.isDone) this.#finish(item);
    else {
      this.#ready.add(tasks);
      this.#slots.fill();
      this.#feeder.wake();
    }
  }

  #endUnopened(claim: Claim, { status, failure }: EndWithoutFiles): void {
    const event = { kind: "work-item-finished", workItem: claim.id, status } as const;
    this.#stages.state.ledger.record(failure === undefined ? event : { ...event, failure });
    if (status === "failed") this.#count(true);
    this.#close(claim.id);
  }
}
