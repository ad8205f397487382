/** The part of a run of a machine that takes partitions as they get free, as its run sees it. */
import type { ControlWatch } from "../machines/control.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import { LAST_WORD_MS } from "../machines/machines.ts";
import type { Membership } from "../machines/membership.ts";
import { isAllDone } from "../pipeline/pipeline-end.ts";
import type { FileReport, PipelineLive } from "../pipeline/pipeline.ts";
import type { ProgressView, RunParts, Waiting } from "../progress/progress.ts";
import type { Message } from "../report/messages.ts";
import { abortAfter, every, sleep } from "../surroundings/surroundings.ts";
import { BeginWatch } from "./begin-watch.ts";
import { describeGivenBack, describeRun, describeWaiting, runParts } from "./auto-text.ts";
import { AutoTaking, type TakingOptions, TICK_MS } from "./auto-taking.ts";
import { surveyRun } from "./auto-survey.ts";
import type { Figures } from "./partition-facts.ts";
import type { GuardedRun } from "./guard.ts";
import type { Services } from "./services.ts";

/** After an abort nobody wants to wait, ms. */
const LAST_WORD_AFTER_ABORT_MS = 3_000;
/** How long the proof of the completion is tried, ms, and how often it is asked for. */
const PROOF_MS = 120_000;
const PROVE_AGAIN_MS = 2_000;

export interface AutoRunOptions extends Omit<TakingOptions, "isCounted"> {
  readonly services: Services;
  readonly figures: Figures;
  /** Of the coordination. */
  readonly container: string;
  /** This machine among the others. */
  readonly membership: Membership;
  /** Takes what an operator asks of all machines. */
  readonly watch: ControlWatch;
}

export class AutoRun implements GuardedRun {
  readonly moment: number;
  readonly #with: AutoRunOptions;
  readonly #taking: AutoTaking;
  readonly #endLooking: () => void;
  readonly #begins: BeginWatch;
  #ending: Promise<Message | undefined> | undefined;
  #unproved: StopRequest | undefined;
  readonly #ended = new AbortController();
  #survey: Promise<void> = Promise.resolve();
  /** Of the whole run, by its survey. */
  #filesCounted: number | undefined;

  constructor(options: AutoRunOptions) {
    const { machine, surroundings, services, control } = options;
    this.#with = options;
    this.moment = machine.moment;
    this.#begins = new BeginWatch(surroundings, "");
    const mayTake = () => control.state !== "paused" && this.#begins.uncertainSince === undefined;
    this.#taking = new AutoTaking({ ...options, isCounted: () => this.#filesCounted !== undefined }, mayTake);
    this.#endLooking = every(surroundings, TICK_MS, () => this.#tellChanges(), { background: true });
    services.alsoWaitsFor(() => this.#waiting());
  }

  mayBegin(partition: number): boolean {
    return this.#with.machine.mayBegin(partition);
  }

  onChange(changed: () => void): void {
    this.#begins.onChange(changed);
  }

  tellProgress(view: ProgressView): void {
    const { figures } = this.#with;
    figures.first ??= view;
    figures.last = view;
  }

  parts(): RunParts | undefined {
    const { machine, state, sizes } = this.#with;
    const { run } = this.#taking;
    if (run === undefined) return undefined;
    const parts = runParts(run, { held: machine.held, sizes, stateId: state.run.runId });
    return { ...parts, files: this.#filesCounted };
  }

  noteFile(report: FileReport): void {
    this.#with.takeOvers.noteFile(report);
  }

  unproved(): StopRequest | undefined {
    return this.#unproved;
  }

  /** A failed survey is no failure of the run: the run goes on in the order of work items. */
  useWork(catalog: Catalog, live: PipelineLive): void {
    this.#taking.ready.follow(live);
    this.#taking.giving.follow(live);
    const { machine, state, surroundings, files, control } = this.#with;
    const onCounted = (counted: readonly number[]): void => {
      files.splice(0, files.length, ...counted);
      this.#filesCounted = counted.reduce((sum, count) => sum + count, 0);
    };
    const once = machine.survey.bind(machine);
    const signal = AbortSignal.any([control.draining, this.#ended.signal]);
    this.#survey = surveyRun({ state, surroundings, once, onCounted }, catalog, signal).catch(() => {});
  }

  async end(): Promise<Message | undefined> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<Message | undefined> {
    const { machine, surroundings, control } = this.#with;
    this.#endLooking();
    this.#with.watch.end();
    this.#ended.abort(new Error("the run has ended"));
    await this.#survey;
    const isAborted = control.aborting.aborted;
    const signal = abortAfter(surroundings, isAborted ? LAST_WORD_AFTER_ABORT_MS : LAST_WORD_MS);
    await this.#with.membership.end(signal);
    await this.#taking.end();
    const given = await Promise.all(
      [...machine.held].map(async (partition) => {
        const isDone = this.#with.state.queue.left(partition).all === 0;
        return { partition, isDone, isTold: await this.#taking.giveBack(partition, signal) };
      }),
    );
    const lines = [...this.#with.takeOvers.describe(), ...describeGivenBack(given)];
    const isOver = control.draining.aborted ? await this.#proveOnce(signal) : await this.#prove();
    const look = machine.seen(abortAfter(surroundings, LAST_WORD_AFTER_ABORT_MS));
    this.#taking.run = (await look.catch((): undefined => undefined)) ?? this.#taking.run;
    const parts = this.parts();
    const told = parts === undefined ? lines : [...lines, ...describeRun(parts, isOver)];
    return told.length === 0 ? undefined : { type: "notice", level: "info", message: told.join("; ") };
  }

  /** After a stop nobody wants to wait. Where nothing is left here, the run may be over all the same. */
  async #proveOnce(signal: AbortSignal): Promise<boolean> {
    const { machine, state, control } = this.#with;
    if (!isAllDone(state)) return false;
    const isOver = await machine.prove(signal).catch(() => false);
    if (!isOver) this.#unproved = control.stopRequest;
    return isOver;
  }

  /** Nothing is left here: waits until the records of all partitions prove that nothing is left anywhere. */
  async #prove(): Promise<boolean> {
    const { machine, surroundings, control, notice, explain } = this.#with;
    const signal = AbortSignal.any([control.draining, abortAfter(surroundings, PROOF_MS)]);
    try {
      for (let attempt = 1; ; attempt++) {
        if (await machine.prove(signal)) return true;
        if (attempt === 2)
          notice("info", "nothing is left here; waiting for the proof that all partitions are done");
        await this.#taking.finishLeft(signal);
        await sleep(surroundings, PROVE_AGAIN_MS, signal);
      }
    } catch (thrown) {
      this.#unproved = control.stopRequest ?? unproved(signal.aborted ? undefined : explain(thrown));
      return false;
    }
  }

  /** Tells the pipeline when other work may begin. */
  #tellChanges(): void {
    const { machine } = this.#with;
    const held = [...machine.held].filter((partition) => !this.#taking.givingBack.has(partition));
    const mayBegin = held.filter((partition) => machine.mayBegin(partition));
    this.#begins.look(mayBegin.join(" "), mayBegin.length < held.length);
  }

  #waiting(): Waiting | undefined {
    if (this.#ending !== undefined) return undefined;
    const { uncertainSince: since } = this.#begins;
    if (since !== undefined) {
      const what = `coordination container ${this.#with.container}`;
      const advice = "leases are not renewed; nothing new begins until they are";
      return { what, since, advice, throttled: false };
    }
    const { idleSince } = this.#taking;
    const parts = this.parts();
    if (parts === undefined || parts.elsewhere + parts.free === 0) return undefined;
    if (idleSince === undefined || this.#with.machine.held.size > 0) return undefined;
    return { what: "other machines", since: idleSince, advice: describeWaiting(parts), throttled: true };
  }
}

function unproved(cause: unknown): StopRequest {
  const error = new ReuploadError(
    "unavailable",
    "Nothing is left here, but the records of all partitions do not prove that the run is complete.",
    { cause, advice: "Run this command again with --resume." },
  );
  return StopRequest.forError(error);
}
