import type { Lookup } from "../catalog/catalog.ts";
import { workItemKey } from "../core/work-item.ts";
import type { ClaimedWorkItem, FailureRecord } from "../state/state-store.ts";
import { CountCheck } from "./count-check.ts";
import { type Demand, RecentMean, RecentRate, workItemsToLookUp } from "./demand.ts";
import { FailureLimit } from "./failure-limit.ts";
import { fileJourney } from "./file-journey.ts";
import { catalogFailure, type FileTask, nameOf, OpenWorkItem } from "./open-work-item.ts";
import type {
  PipelineControl,
  PipelineLive,
  PipelineOptions,
  PipelineOutcome,
  RunningPipeline,
  Stages,
} from "./pipeline.ts";
import { FileSlots, findSize } from "./file-slots.ts";
import { POOL_BOUNDS } from "./pool-size.ts";
import { ReadyFiles } from "./ready-files.ts";

/** Starts the pipeline; it runs until the state has no pending work item, or until it is told to stop. */
export function startPipeline(
  stages: Stages,
  options: PipelineOptions,
  control: PipelineControl,
): RunningPipeline {
  const pipeline = new Pipeline(stages, options, control);
  return { live: pipeline, outcome: pipeline.run() };
}

class Pipeline implements PipelineLive {
  /** Claimed and not ended yet. */
  readonly #open = new Set<number>();
  readonly #stages: Stages;
  readonly #options: PipelineOptions;
  readonly #control: PipelineControl;
  readonly #ready = new ReadyFiles<FileTask>();
  readonly #slots: FileSlots<FileTask>;
  /** Ends everything under way: the caller's abort, or an error that ends the run. */
  readonly #stop = new AbortController();
  /** Takes no new files: too many failed. */
  readonly #halt = new AbortController();
  readonly #signal: AbortSignal;
  /** Ends what only prepares further files: a drain needs none. */
  readonly #feedSignal: AbortSignal;
  readonly #filesPerWorkItem = new RecentMean();
  readonly #lookupMs = new RecentMean();
  readonly #filesDone = new RecentRate(performance.now());
  readonly #failures: FailureLimit;
  readonly #links = { renewed: 0 };
  readonly miscounted = new CountCheck();
  #beingLookedUp = 0;
  #fatal: { readonly error: unknown } | undefined;
  #lookups = new Set<Promise<void>>();
  #noMoreClaims = false;
  /** A survey may bring completed work items back. */
  #isSurveying = true;
  #wakeFeeder: () => void = () => {};

  constructor(stages: Stages, options: PipelineOptions, control: PipelineControl) {
    this.#stages = stages;
    this.#options = options;
    this.#control = control;
    const { slots = options.workItemWorkers * options.fileWorkers } = options;
    const size = typeof slots === "number" ? slots : POOL_BOUNDS.start;
    this.#slots = new FileSlots(
      size,
      this.#ready,
      async (task, leaveSlot) => this.#process(task, leaveSlot),
      () => this.#wakeFeeder(),
    );
    this.#signal = AbortSignal.any([control.abort, this.#stop.signal]);
    this.#feedSignal = AbortSignal.any([this.#signal, control.drain, this.#halt.signal]);
    this.#failures = new FailureLimit(options.maxFailures);
  }

  async run(): Promise<PipelineOutcome> {
    const halt = () => {
      this.#ready.close();
      this.#wakeFeeder();
    };
    this.#feedSignal.addEventListener("abort", halt, { once: true });
    if (this.#mustHalt) halt();
    const { slots } = this.#options;
    const endSizing = typeof slots === "object" ? findSize(this.#slots, slots) : undefined;
    const survey = this.#survey();
    await this.#feed();
    await Promise.all([survey, this.#slots.emptied()]);
    endSizing?.();
    this.#feedSignal.removeEventListener("abort", halt);
    this.#release();
    if (this.#fatal !== undefined) return { kind: "failed", error: this.#fatal.error };
    if (this.#halt.signal.aborted) {
      const { failed, finished } = this.#failures;
      return this.#isAllDone ? { kind: "finished" } : { kind: "too-many-failures", failed, finished };
    }
    return { kind: this.#mustHalt ? "stopped" : "finished" };
  }

  /** Nothing was left when it was told to stop. */
  get #isAllDone(): boolean {
    const { pending, in_progress: inProgress } = this.#stages.store.summary().workItems;
    return pending + inProgress === 0;
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
    if (this.#fatal === undefined && !this.#control.abort.aborted) this.#fatal = { error };
    this.#stop.abort(new Error("the run ends"));
  }

  /** Takes one file through its slot. */
  async #process(task: FileTask, leaveSlot: () => void): Promise<void> {
    try {
      const report = await fileJourney(this.#stages, this.#options, task, leaveSlot, this.#signal);
      const isFailed = report.outcome === "failed";
      task.item.fileDone(isFailed ? "failed" : report.outcome === "skipped" ? "skipped" : "completed");
      this.#count(isFailed);
      this.#filesDone.add(performance.now());
      this.#control.onFile?.(report);
      if (task.item.isDone) this.#finish(task.item);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #count(hasFailed: boolean): void {
    this.#failures.count(hasFailed);
    if (this.#failures.isPassed(this.#slots.unfinished)) this.#halt.abort(new Error("too many failures"));
  }

  /** Has the catalog count ahead, for the ETA and the order of claims, and then notice what has changed since. */
  async #survey(): Promise<void> {
    const { store, catalog } = this.#stages;
    const options = { signal: this.#feedSignal };
    try {
      for await (const surveys of catalog.survey(store.toSurvey(options), options)) {
        store.noteSurvey(surveys);
        this.miscounted.noteSurveys(surveys);
      }
      for await (const surveys of catalog.recheck(store.toRecheck(options), options)) {
        if (store.noteSurvey(surveys) === 0) continue;
        this.#noMoreClaims = false;
        this.#wakeFeeder();
      }
    } catch (thrown) {
      if (!this.#mustHalt) this.#fail(thrown);
    }
    this.#isSurveying = false;
    this.#wakeFeeder();
  }

  /** Gives back what was claimed and did not come to its end. */
  #release(): void {
    try {
      for (const workItem of this.#open) {
        this.#stages.store.record({ kind: "work-item-released", workItem });
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #finish(item: OpenWorkItem): void {
    item.finish();
    this.#close(item.id);
  }

  #close(id: number): void {
    this.#open.delete(id);
    this.#wakeFeeder();
  }

  /** Claims and looks up ahead of need until nothing is left to claim and everything claimed is done. */
  async #feed(): Promise<void> {
    try {
      while (!this.#mustHalt) {
        if (this.#noMoreClaims && this.openWorkItems === 0 && !this.#isSurveying) break;
        const wanted = this.#noMoreClaims ? 0 : workItemsToLookUp(this.#demand);
        if (wanted > 0) await this.#claim(wanted);
        else await this.#untilWoken();
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#ready.close();
    await Promise.all(this.#lookups);
  }

  get #demand(): Demand {
    const { workItemWorkers, fileWorkers } = this.#options;
    return {
      slots: this.slots,
      slotsInUse: this.slotsInUse,
      readyFiles: this.#ready.size,
      openWorkItems: this.openWorkItems,
      beingLookedUp: this.#beingLookedUp,
      lookupsUnderWay: this.#lookups.size,
      filesPerWorkItem: this.#filesPerWorkItem.value,
      filesDuringLookup: (this.#lookupMs.value ?? 0) * this.#filesDone.perMs(performance.now()),
      workItemWorkers,
      fileWorkers,
      batchSize: this.#stages.catalog.batchSize,
    };
  }

  async #claim(max: number): Promise<void> {
    const claims = await this.#stages.store.claim(max, { signal: this.#signal });
    if (claims.length === 0) {
      this.#noMoreClaims = true;
      return;
    }
    for (const claim of claims) this.#open.add(claim.id);
    this.#beingLookedUp += claims.length;
    const lookup: Promise<void> = this.#lookUp(claims)
      .catch((thrown: unknown) => {
        // A stop ends lookups too; what was asked for is given back.
        if (!this.#mustHalt) this.#fail(thrown);
      })
      .finally(() => {
        this.#lookups.delete(lookup);
        this.#wakeFeeder();
      });
    this.#lookups.add(lookup);
  }

  async #lookUp(claims: readonly ClaimedWorkItem[]): Promise<void> {
    const waiting = new Map(claims.map((claim) => [workItemKey(claim.workItem), claim]));
    const asked = claims.map((claim) => claim.workItem);
    const began = performance.now();
    let isFirst = true;
    try {
      for await (const lookup of this.#stages.catalog.lookup(asked, { signal: this.#feedSignal })) {
        const key = workItemKey(lookup.workItem);
        const claim = waiting.get(key);
        if (claim === undefined) continue;
        waiting.delete(key);
        this.#beingLookedUp--;
        if (isFirst) this.#lookupMs.add(performance.now() - began);
        isFirst = false;
        if (this.#mustHalt) return;
        this.#takeAnswer(claim, lookup);
      }
    } finally {
      this.#beingLookedUp -= waiting.size;
    }
    if (this.#mustHalt) return;
    // The catalog's contract is one answer each; one that is missing must not be taken for "no files".
    for (const claim of waiting.values()) {
      this.#endUnopened(claim, "failed", {
        code: "catalog-error",
        message: "the catalog gave no answer for this work item",
        attempts: 1,
      });
    }
  }

  #takeAnswer(claim: ClaimedWorkItem, lookup: Lookup): void {
    this.#filesPerWorkItem.add(lookup.files.length);
    if (lookup.failure !== undefined) {
      this.#endUnopened(claim, "failed", { ...lookup.failure, attempts: 1 });
      return;
    }
    this.miscounted.noteLookup(claim, lookup);
    if (lookup.files.length === 0 && claim.knownFiles.size === 0) {
      this.#openEmpty(claim, lookup);
      return;
    }
    const item = new OpenWorkItem(claim, nameOf(claim, lookup), this.#stages, this.#links);
    const tasks = item.open(claim, lookup, this.#options);
    if (item.isDone) this.#finish(item);
    else {
      this.#ready.add(tasks);
      this.#slots.fill();
      this.#wakeFeeder();
    }
  }

  #openEmpty(claim: ClaimedWorkItem, lookup: Lookup): void {
    if (lookup.problems.length > 0) {
      this.#endUnopened(claim, "failed", catalogFailure(lookup.problems));
    } else if (this.#options.onEmpty === "fail") {
      const message = "the catalog lists no file for this work item";
      this.#endUnopened(claim, "failed", { code: "no-files", message, attempts: 1 });
    } else {
      this.#endUnopened(claim, "empty", undefined);
    }
  }

  #endUnopened(claim: ClaimedWorkItem, status: "empty" | "failed", failure: FailureRecord | undefined): void {
    this.#stages.store.record({
      kind: "work-item-finished",
      workItem: claim.id,
      status,
      ...(failure === undefined ? {} : { failure }),
    });
    if (status === "failed") this.#count(true);
    this.#close(claim.id);
  }

  /** Waits until a file was taken or done, or a lookup ended. */
  async #untilWoken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeFeeder = resolve;
    await promise;
    this.#wakeFeeder = () => {};
  }
}
