import { ReuploadError } from "../core/errors.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Claim } from "../state/work-queue.ts";
import { type Demand, RecentRate, supplyOf } from "./demand.ts";
import { DrainingWaits } from "./draining-waits.ts";
import { Feeder } from "./feeder.ts";
import { fileJourney } from "./file-journey.ts";
import { FileSlots, SlotsSizing } from "./file-slots.ts";
import { LookUps } from "./look-ups.ts";
import { LostSignals } from "./lost-signals.ts";
import type { FileTask } from "./open-work-item.ts";
import { OpenWorkItems } from "./open-work-items.ts";
import { Opener } from "./opener.ts";
import type {
  PipelineChange,
  PipelineControl,
  PipelineLive,
  PipelineOptions,
  PipelineOutcome,
  RunningPipeline,
  Stages,
} from "./pipeline.ts";
import { isAllDone, PipelineEnd } from "./pipeline-end.ts";
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
  return {
    live: pipeline.live,
    change: (change) => pipeline.change(change),
    giveBack: (isIt) => pipeline.giveBack(isIt),
    goOn: () => pipeline.goOn(),
    outcome: pipeline.run(),
  };
}

/** Wires the parts: each has its own file, and knows the others only as what it calls. */
class Pipeline {
  readonly live: ReturnType<typeof makeLive>;
  readonly #stages: Stages;
  readonly #options: PipelineOptions;
  readonly #control: PipelineControl;
  readonly #end: PipelineEnd;
  readonly #ready: ReadyFiles<FileTask>;
  readonly #slots: FileSlots<FileTask>;
  readonly #sizing: SlotsSizing;
  #workItemWorkers: number;
  readonly #open: OpenWorkItems;
  readonly #feeder: Feeder;
  readonly #lookUps: LookUps;
  readonly #lost: LostSignals;
  /** When it drains, files that only wait are given back. */
  readonly #waits: DrainingWaits;
  readonly #filesDone: RecentRate;
  /** A survey may bring completed work items back. `cut-off`: by a stop, so that what it would have found is not known. */
  #survey: "under-way" | "done" | "cut-off" = "under-way";

  constructor(stages: Stages, options: PipelineOptions, control: PipelineControl) {
    this.#stages = stages;
    this.#options = options;
    this.#control = control;
    const end = new PipelineEnd(control, options.maxFailures);
    this.#end = end;
    const { surroundings } = stages;
    this.#filesDone = new RecentRate(surroundings.monotonic());
    this.#waits = new DrainingWaits(surroundings, end.signal, end.feedSignal);
    this.#lost = new LostSignals(end.signal, () => this.#dropLost());
    const wake = () => this.#feeder.wake();
    const { mayBegin = () => true } = control;
    this.#ready = new ReadyFiles(({ item }) => mayBegin(item.partition));
    this.#slots = new FileSlots(
      firstSize(options),
      this.#ready,
      (task, leaveSlot) => this.#process(task, leaveSlot),
      wake,
    );
    this.#sizing = new SlotsSizing(surroundings, this.#slots);
    this.#workItemWorkers = options.workItemWorkers;
    this.#open = new OpenWorkItems({
      queue: stages.state.queue,
      onClose: wake,
      onGivenBack: () => this.#feeder.claimAgain(),
      onError: (error) => end.fail(error),
    });
    const opener = this.#makeOpener();
    this.#lookUps = this.#makeLookUps(opener);
    this.#feeder = this.#makeFeeder();
    this.live = makeLive(this.#slots, this.#open, opener, () => this.#supply());
  }

  async run(): Promise<PipelineOutcome> {
    using _waits = this.#waits;
    const { feedSignal } = this.#end;
    const halt = () => {
      this.#ready.close();
      this.#feeder.wake();
    };
    feedSignal.addEventListener("abort", halt, { once: true });
    if (this.#end.mustHalt) halt();
    this.#sizing.use(this.#options.slots);
    const surveyed = this.#surveyAll();
    await this.#feed();
    await Promise.all([surveyed, this.#slots.emptied()]);
    this.#sizing.end();
    feedSignal.removeEventListener("abort", halt);
    const isNothingOpen = this.#open.size === 0;
    this.#open.giveBackAll();
    return this.#end.outcome(() => isNothingOpen && this.#isOver());
  }

  /** Nothing is left that it would take. What a run is limited to (`--limit`) the queue alone knows. */
  #isOver(): boolean {
    return this.#survey === "done" && (this.#feeder.hasClaimedAll || isAllDone(this.#stages.state));
  }

  /** As `RunningPipeline.change`. */
  change({ slots, workItemWorkers, maxFailures }: PipelineChange): void {
    this.#sizing.use(slots);
    this.#workItemWorkers = workItemWorkers ?? this.#workItemWorkers;
    if (maxFailures !== undefined) this.#end.limitFailures(maxFailures);
    this.#feeder.wake();
  }

  /** As `RunningPipeline.giveBack`. */
  giveBack(isIt: (workItem: WorkItem) => boolean): void {
    for (const item of this.#open.untouched(isIt)) {
      this.#ready.drop((task) => task.item === item);
      this.#open.giveBack([item.id]);
    }
  }

  /** Asks again for what could not begin. */
  goOn(): void {
    this.#slots.fill();
    this.#feeder.wake();
  }

  #makeOpener(): Opener {
    return new Opener({
      stages: this.#stages,
      options: this.#options,
      open: this.#open,
      onFile: this.#control.onFile,
      onFiles: (tasks) => {
        this.#ready.add(tasks);
        this.#slots.fill();
        this.#feeder.wake();
      },
      onFailure: () => this.#end.count(true, this.#slots.unfinished),
    });
  }

  #makeLookUps(opener: Opener): LookUps {
    return new LookUps(this.#stages.surroundings, this.#stages.catalog, this.#end.feedSignal, {
      onAnswer: (claim, lookup) => opener.takeAnswer(claim, lookup),
      onNoAnswer: (claim) => opener.noAnswer(claim),
      onFailure: (thrown) => this.#failUnlessHalted(thrown),
      onEnd: () => this.#feeder.wake(),
    });
  }

  #makeFeeder(): Feeder {
    return new Feeder({
      queue: this.#stages.state.queue,
      feedSignal: this.#end.feedSignal,
      signal: this.#end.signal,
      demand: () => this.#demand(),
      isSurveying: () => this.#survey === "under-way",
      onClaims: (claims) => this.#take(claims),
    });
  }

  async #feed(): Promise<void> {
    try {
      await this.#feeder.feed();
    } catch (thrown) {
      this.#end.fail(thrown);
    }
    this.#ready.close();
    await this.#lookUps.ended();
  }

  async #surveyAll(): Promise<void> {
    try {
      await surveyAhead(this.#stages, this.#end.feedSignal, {
        onCounted: (counted) => this.live.miscounted.noteSurveys(counted),
        onBroughtBack: () => this.#feeder.claimAgain(),
      });
    } catch (thrown) {
      this.#failUnlessHalted(thrown);
    }
    this.#survey = this.#end.mustHalt ? "cut-off" : "done";
    this.#feeder.wake();
  }

  /** A stop ends lookups and surveys, too: what they throw then is no error. */
  #failUnlessHalted(thrown: unknown): void {
    if (!this.#end.mustHalt) this.#end.fail(thrown);
  }

  #take(claims: readonly Claim[]): void {
    this.#open.claimed(claims);
    for (const { lost } of claims) this.#lost.join(lost);
    this.#lookUps.start(claims);
  }

  /** Takes one file through its slot. */
  async #process(task: FileTask, leaveSlot: () => boolean): Promise<void> {
    const { item } = task;
    item.inFlight++;
    item.hasBegun = true;
    try {
      const signals = { signal: this.#lost.join(item.lost), waits: this.#waits };
      const report = await fileJourney(this.#stages, this.#options, task, leaveSlot, signals);
      if (report === undefined) return;
      const isFailed = report.outcome === "failed";
      item.fileDone(isFailed ? "failed" : report.outcome === "skipped" ? "skipped" : "completed");
      this.#end.count(isFailed, this.#slots.unfinished);
      this.#filesDone.add(this.#stages.surroundings.monotonic());
      this.#control.onFile?.(report);
      if (item.isDone) this.#open.finish(item);
    } catch (thrown) {
      // What a loss cut off is the next holder's; what was recorded of it stands.
      const isCutOff = item.lost.aborted && !(thrown instanceof ReuploadError && thrown !== item.lost.reason);
      if (!isCutOff) this.#end.fail(thrown);
    } finally {
      item.inFlight--;
      if (item.lost.aborted) this.#dropLost();
    }
  }

  /** Begins nothing more for lost claims, and gives back those that have nothing in flight. */
  #dropLost(): void {
    this.#ready.drop(({ item }) => item.lost.aborted);
    this.#open.giveBackLost();
  }

  #supply(): NonNullable<PipelineLive["supply"]> {
    const filesPerMs = this.#filesDone.perMs(this.#stages.surroundings.monotonic());
    return { ...supplyOf(this.#demand()), filesPerMs };
  }

  #demand(): Demand {
    return {
      slots: this.#slots.size,
      slotsInUse: this.#slots.inUse,
      readyFiles: this.#ready.size,
      openWorkItems: this.#open.size,
      beingLookedUp: this.#lookUps.waiting,
      lookupsUnderWay: this.#lookUps.underWay,
      filesPerWorkItem: this.#lookUps.filesPerWorkItem.value,
      filesDuringLookup:
        (this.#lookUps.ms.value ?? 0) * this.#filesDone.perMs(this.#stages.surroundings.monotonic()),
      workItemWorkers: this.#workItemWorkers,
      fileWorkers: this.#options.fileWorkers,
      batchSize: this.#stages.catalog.batchSize,
    };
  }
}

function firstSize({ slots, workItemWorkers, fileWorkers }: PipelineOptions): number {
  if (slots === undefined) return workItemWorkers * fileWorkers;
  return typeof slots === "number" ? slots : POOL_BOUNDS.start;
}

function makeLive(
  slots: FileSlots<FileTask>,
  open: OpenWorkItems,
  { links, miscounted }: Opener,
  supply: () => NonNullable<PipelineLive["supply"]>,
) {
  return {
    get supply() {
      return supply();
    },
    get slots() {
      return slots.size;
    },
    get slotsInUse() {
      return slots.inUse;
    },
    get openWorkItems() {
      return open.size;
    },
    get linksRenewed() {
      return links.renewed;
    },
    miscounted,
  } satisfies PipelineLive;
}
