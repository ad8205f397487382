/**
 * The guard of a run with partitions: what this machine must know of the others before its first file, and what it tells
 * them. Joins the state, which holds the facts, and `machines`, which knows neither states nor pipelines.
 */
import { hostname } from "node:os";
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { splitQueues } from "../core/queues.ts";
import { LAST_WORD_MS, type OldRecord, Part } from "../machines/machines.ts";
import { RestAccount } from "../machines/rest-account.ts";
import type { ProgressView, Waiting } from "../progress/progress.ts";
import type { Message } from "../report/messages.ts";
import type { OpenState } from "../state/state-kind.ts";
import { abortAfter, every, type Surroundings } from "../surroundings/surroundings.ts";
import type { ControlWatch } from "../machines/control.ts";
import { checkBeforeCreating, createCoordination } from "./coordination-check.ts";
import { BeginWatch } from "./begin-watch.ts";
import { tellTaken, watchAccount } from "./account-control.ts";
import type { JobContext } from "./context.ts";
import { type Guard, type GuardedRun, NO_GUARD } from "./guard.ts";
import { isWhole, runRules } from "./coordination-settings.ts";
import { reportOthers } from "./others.ts";
import { describeCsv, locateAhead, locateStatesRun, newerCsv, type RunAhead } from "./own-csv.ts";
import { partitionLoss } from "./partition-loss.ts";
import { type Figures, stateFacts, tellTakenOver } from "./partition-facts.ts";
import { spreadRecords } from "./repartition.ts";
import type { RunControl } from "./run-control.ts";
import type { Services } from "./services.ts";
import { StartPlace } from "./start-place.ts";
import type { TargetIdentity } from "./start.ts";
import { tellHowToWatch } from "./watch-hint.ts";

/** Of the function that gives each work item its partition (`core/partition.ts`). */
export const HASH_VERSION = 1;
/** How often the lease is looked at: the pipeline is told when files may begin again, ms. */
const LOOK_MS = 500;
/** The same after an abort, ms: nobody wants to wait. */
const LAST_WORD_AFTER_ABORT_MS = 3_000;

export interface Coordination {
  readonly settings: RunSettings;
  readonly identity: TargetIdentity;
  readonly services: Services;
  /** Version of this tool. */
  readonly tool: string;
  /** The settings as they are kept for a resume, as text. */
  readonly kept: Readonly<Record<string, string>>;
  /** The CSV's file name. */
  readonly csvName: string;
  /** Row hashes of the CSV (`CsvDigest.sample`); empty when it was not read in this start. */
  readonly sample: () => readonly string[];
}

/** @returns undefined with --no-coordination: then no machine knows of another */
export function coordinationGuard(context: JobContext, coordination: Coordination): Guard | undefined {
  if (!coordination.settings.coordination) return undefined;
  let ahead: RunAhead | undefined;
  return {
    lookAhead(csvDigest, signal) {
      ahead = lookForRun(context, coordination, csvDigest, signal);
    },
    begin: async (state, control) => beginPart(context, coordination, { state, control, ahead }),
    async check(state) {
      const figures: Figures = { first: undefined, last: undefined };
      const options = partOptions(context, coordination, state, figures);
      await checkBeforeCreating(context, coordination, state.run, options);
    },
  };
}

/** What a guard begins with. */
export interface GuardedStart {
  readonly state: OpenState;
  readonly control: RunControl;
  readonly ahead: RunAhead | undefined;
}

/** Looks for the run of a CSV whose state is not there yet. */
export function lookForRun(
  { surroundings }: JobContext,
  { settings, identity, services }: Coordination,
  csvDigest: string,
  signal: AbortSignal,
): RunAhead {
  const account = new RestAccount(services.coordination, settings.coordinationContainer);
  return locateAhead({ account, surroundings }, { target: identity.target, csvDigest }, signal);
}

async function beginPart(
  context: JobContext,
  coordination: Coordination,
  { state, control, ahead }: GuardedStart,
): Promise<GuardedRun> {
  const { settings, services } = coordination;
  const { surroundings } = context;
  const figures: Figures = { first: undefined, last: undefined };
  using place = new StartPlace(context, coordination);
  const { account, container, serviceTime, signal } = place;
  let watch: ControlWatch | undefined;
  try {
    await createCoordination(context, settings, account, signal);
    const located = await locateStatesRun({ account, surroundings }, state.run, signal, ahead);
    const options = { ...located, ...partOptions(context, coordination, state, figures) };
    const { reporter } = context;
    const run = { account, surroundings, names: options.names };
    const asked = watchAccount({ control, state, reporter, surroundings }, run);
    watch = asked;
    const facts = tellTaken(options.facts, () => asked.lastTaken);
    const onClaimed = () => asked.readAhead();
    const part = await Part.begin(
      { ...options, facts, account, surroundings, serviceTime, onClaimed },
      signal,
    );
    await asked.begin();
    tellHowToWatch(context, part.runId, settings);
    return new CoordinatedRun({ part, surroundings, control, services, figures, container, watch });
  } catch (thrown) {
    watch?.end();
    const explained = place.explain(thrown);
    if (!isWhole(settings) || !isWithoutRight(explained)) throw explained;
    tellAlone(context, state, explained);
    return await NO_GUARD.begin(state, control);
  }
}

function isWithoutRight(thrown: unknown): thrown is ReuploadError {
  return (
    thrown instanceof ReuploadError &&
    (thrown.code === "coordination-missing" || thrown.code === "coordination-forbidden")
  );
}

/** Once a run, not at each resume. */
function tellAlone({ notice }: JobContext, { start }: OpenState, { message, advice }: ReuploadError): void {
  if (start.number > 1) return;
  notice("warning", `no other machine knows of this run. ${message} ${advice ?? ""}`.trim());
}

function partOptions(context: JobContext, coordination: Coordination, state: OpenState, figures: Figures) {
  const { notice, surroundings } = context;
  const { settings, identity, tool, csvName, sample } = coordination;
  const { totalPartitions, nameTemplate } = identity;
  const partition = settings.partition === "auto" ? 0 : (settings.partition ?? 0);
  const isNew = state.start.number === 1;
  const { csvDigest } = state.run.identity;
  const holder = { host: hostname(), pid: process.pid, stateId: state.run.runId };
  const csv = context.path(settings.csv ?? "-");
  const tell = (message: string) => notice("info", message);
  const facts = stateFacts(state, partition, figures, surroundings, { ...settings, tell });
  return {
    holder,
    partition,
    settings: {
      totalPartitions,
      mode: "fixed" as const,
      hashVersion: HASH_VERSION,
      queues: settings.announce ? splitQueues(settings.queue) : [],
      nameTemplate,
      rules: runRules(settings, state.run.createdAt),
    },
    csv: describeCsv(state.run, csvName, sample()),
    facts: isNew ? tellTakenOver(facts, state, tell) : facts,
    tool,
    takeOver: settings.takeOver,
    separateRun: settings.separateRun,
    updatesCsv: settings.updateCsv,
    formerCsvs: state.run.input.formerCsvs ?? [],
    // A state that worked before its run was coordinated knows an earlier moment; of a new one the account's counts.
    ownBegin: isNew ? undefined : state.run.createdAt,
    spread: settings.repartition
      ? async (old: readonly OldRecord[], from: number) =>
          spreadRecords(context, { csv, csvDigest, totalPartitions, holder }, old, from)
      : undefined,
    beginsAgain: isWhole(settings) && isNew && !settings.takeOver,
    hasRetries: () => {
      const { pending, in_progress: inProgress } = state.ledger.tally().workItems;
      return pending + inProgress > 0;
    },
    mayFindMore: () => state.ledger.tally().workItems.completed > 0,
    onWait: ({ host, pid }: { readonly host: string; readonly pid: number }) =>
      notice(
        "info",
        `${isWhole(settings) ? "the run" : `partition ${partition}`} is still held by ${host} (process ${pid}): waiting up to 61 s for its lease to end`,
      ),
    onSuspicion: (other: { readonly file: string; readonly rows: number }) =>
      notice(
        "warning",
        `an unfinished run of ${other.file} (${other.rows} rows) into this target shares most work items with this CSV; no machine works on it now`,
      ),
  };
}

interface CoordinatedOptions {
  readonly part: Part;
  readonly surroundings: Surroundings;
  readonly control: RunControl;
  readonly services: Services;
  readonly figures: Figures;
  readonly container: string;
  readonly watch: ControlWatch;
}

/** A partition that this machine holds, as its run sees it. */
class CoordinatedRun implements GuardedRun {
  readonly moment: number;
  readonly #with: CoordinatedOptions;
  readonly #endLooking: () => void;
  readonly #begins: BeginWatch;
  #ending: Promise<Message | undefined> | undefined;

  constructor(options: CoordinatedOptions) {
    const { part, surroundings, services } = options;
    this.#with = options;
    this.moment = part.moment;
    this.#begins = new BeginWatch(surroundings, String(true));
    const lose = () => this.#lose();
    part.lost?.addEventListener("abort", lose, { once: true });
    if (part.lost?.aborted === true) lose();
    this.#endLooking = every(surroundings, LOOK_MS, () => this.#look(), { background: true });
    services.alsoWaitsFor(() => this.#waiting());
  }

  mayBegin(): boolean {
    return this.#with.part.mayBegin;
  }

  onChange(changed: () => void): void {
    this.#begins.onChange(changed);
  }

  tellProgress(view: ProgressView): void {
    const { figures } = this.#with;
    figures.first ??= view;
    figures.last = view;
  }

  async end(): Promise<Message | undefined> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<Message | undefined> {
    const { part, surroundings, control, watch } = this.#with;
    this.#endLooking();
    watch.end();
    const isAborted = control.aborting.aborted;
    const signal = abortAfter(surroundings, isAborted ? LAST_WORD_AFTER_ABORT_MS : LAST_WORD_MS);
    const isTold = await part.end(signal).catch(() => false);
    if (part.lost?.aborted === true) return undefined;
    if (!isTold) return notTold(part.partition);
    const look = await part.look(signal).catch((): undefined => undefined);
    if (look?.newerCsv !== undefined) return newerCsv(look.newerCsv);
    if (look?.run === undefined) return undefined;
    const report = reportOthers({ isComplete: look.isComplete, run: look.run }, part.partition);
    return report && { type: "other-machines", report };
  }

  #look(): void {
    const { part } = this.#with;
    part.wakeIfNeeded();
    this.#begins.look(String(part.mayBegin), !part.mayBegin && !part.isDone);
  }

  #waiting(): Waiting | undefined {
    const { uncertainSince: since } = this.#begins;
    if (since === undefined || this.#ending !== undefined) return undefined;
    const what = `coordination container ${this.#with.container}`;
    const advice = "the lease of this partition could not be renewed; no new file begins until it is renewed";
    return { what, since, advice, throttled: false };
  }

  #lose(): void {
    const { part, control } = this.#with;
    const { partition, totalPartitions, lost } = part;
    control.drain(partitionLoss({ partition, totalPartitions, reason: lost?.reason }));
  }
}

/** The facts are safe in this machine's state; the others see its last checkpoint. */
function notTold(partition: number): Message {
  const message = `the last checkpoint of partition ${partition} could not be written to the target account: other machines see an earlier one until this partition is resumed`;
  return { type: "notice", level: "warning", message };
}
