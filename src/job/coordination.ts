/**
 * The guard of a run with partitions: what this machine must know of the others before its first file, and what it tells
 * them. Joins the state, which holds the facts, and `machines`, which knows neither states nor pipelines.
 */
import { hostname } from "node:os";
import type { RunSettings } from "../config/run-options.ts";
import { checkpointCounts, decodeCheckpoint, encodeCheckpoint } from "../core/checkpoint.ts";
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import type { PartitionFacts } from "../machines/claim.ts";
import { explainRefusal } from "../machines/rights.ts";
import { BlobNames } from "../machines/blob-names.ts";
import { observeDates, ServiceTime } from "../machines/service-time.ts";
import { Part } from "../machines/machines.ts";
import { RestAccount } from "../machines/rest-account.ts";
import type { ProgressView, Waiting } from "../progress/progress.ts";
import type { OpenState } from "../state/state-kind.ts";
import { abortAfter, every, type Surroundings } from "../surroundings/surroundings.ts";
import type { JobContext } from "./context.ts";
import type { Guard, GuardedRun } from "./guard.ts";
import { isCoordinated, runRules } from "./coordination-settings.ts";
import { describeOthers } from "./others-text.ts";
import type { RunControl } from "./run-control.ts";
import type { Services } from "./services.ts";
import type { TargetIdentity } from "./start.ts";

/** Of the function that gives each work item its partition (`core/partition.ts`). */
export const HASH_VERSION = 1;
/** How often the lease is looked at: the pipeline is told when files may begin again, ms. */
const LOOK_MS = 500;
/** How long the last word is tried, ms; after an abort nobody wants to wait. */
const LAST_WORD_MS = 25_000;
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

/** @returns undefined when the run has no partitions, or is not to be coordinated: then no machine knows of another */
export function coordinationGuard(context: JobContext, coordination: Coordination): Guard | undefined {
  if (!isCoordinated(coordination.settings)) return undefined;
  return { begin: async (state, control) => beginPart(context, coordination, state, control) };
}

async function beginPart(
  context: JobContext,
  coordination: Coordination,
  state: OpenState,
  control: RunControl,
): Promise<GuardedRun> {
  const { settings, services } = coordination;
  const { surroundings, signal } = context;
  const { coordinationContainer: container } = settings;
  const serviceTime = new ServiceTime(surroundings);
  const account = observeDates(new RestAccount(services.coordination, container), serviceTime);
  const figures: Figures = { first: undefined, last: undefined };
  try {
    if (settings.createMissing || settings.emulator) await account.makeContainer({ signal });
    const options = partOptions(context, coordination, state, figures);
    const part = await Part.begin({ ...options, account, surroundings, serviceTime }, signal);
    return new CoordinatedRun({ part, surroundings, control, services, figures, container });
  } catch (thrown) {
    throw explainRefusal(thrown, { blobEndpoint: services.account.blobEndpoint, container });
  }
}

/** How fast the partition goes on, as others are told. */
export interface Figures {
  first: ProgressView | undefined;
  last: ProgressView | undefined;
}

function partOptions(
  { notice, surroundings }: JobContext,
  coordination: Coordination,
  state: OpenState,
  figures: Figures,
) {
  const { settings, identity, tool, csvName, sample } = coordination;
  const { totalPartitions, nameTemplate } = identity;
  const partition = settings.partition === "auto" ? 0 : (settings.partition ?? 0);
  const { csvDigest } = state.run.identity;
  const { rows, ours, otherPartitions } = state.run.input;
  const run = { target: identity.target, csvDigest };
  return {
    run,
    names: BlobNames.forRun(run),
    holder: { host: hostname(), pid: process.pid, stateId: state.run.runId },
    partition,
    settings: {
      totalPartitions,
      mode: "fixed" as const,
      hashVersion: HASH_VERSION,
      queues: settings.announce ? [settings.queue] : [],
      nameTemplate,
      rules: runRules(settings),
    },
    csv: { digest: csvDigest, rows, workItems: ours + otherPartitions, fileName: csvName, sample: sample() },
    facts: stateFacts(state, partition, figures, surroundings),
    tool,
    takeOver: settings.takeOver,
    separateRun: settings.separateRun,
    // A state that worked before its run was coordinated knows an earlier moment; of a new one the account's counts.
    ownBegin: state.start.number > 1 ? state.run.createdAt : undefined,
    hasRetries: () => state.ledger.tally().workItems.pending > 0,
    onWait: ({ host, pid }: { readonly host: string; readonly pid: number }) =>
      notice(
        "info",
        `partition ${partition} is still held by ${host} (process ${pid}): waiting up to 61 s for its lease to end`,
      ),
    onSuspicion: (other: { readonly file: string; readonly rows: number }) =>
      notice(
        "warning",
        `an unfinished run of ${other.file} (${other.rows} rows) into this target shares most work items with this CSV; no machine works on it now`,
      ),
  };
}

/** What the state knows of the partition, as `machines` reads and tells it. */
export function stateFacts(
  { queue, ledger }: OpenState,
  partition: number,
  figures: Figures,
  surroundings: Surroundings,
): PartitionFacts {
  return {
    async adopt(body) {
      const checkpoint = body === undefined || body.length === 0 ? undefined : decodeCheckpoint(body);
      await queue.admit(partition, checkpoint);
    },
    async checkpoint() {
      const checkpoint = await ledger.checkpoint(partition, {
        signal: abortAfter(surroundings, LAST_WORD_MS),
      });
      const { workItems, files } = checkpointCounts(checkpoint);
      const failed = checkpoint.failures.filter(({ outcome }) => outcome === "failed");
      return {
        body: encodeCheckpoint(checkpoint),
        isDone: workItems.pending === 0,
        summary: {
          counts: {
            workItems: workItems.total,
            completed: workItems.done - workItems.empty,
            empty: workItems.empty,
            failedWorkItems: workItems.failed,
            skippedWorkItems: workItems.skipped,
            files: files.total,
            filesCompleted: files.done,
            filesFailed: files.failed,
            filesSkipped: files.skipped,
            bytes: files.bytes,
          },
          failures: Object.fromEntries(failed.map(({ code, files: n, workItems: w }) => [code, n + w])),
          ...shownRates(figures),
        },
      };
    },
  };
}

function shownRates({ first, last }: Figures) {
  if (first === undefined || last === undefined) {
    return { filesPerSecond: 0, workItemsPerMinute: 0, etaMs: undefined };
  }
  const minutes = (last.elapsedMs - first.elapsedMs) / 60_000;
  const ended = first.workItems.left - last.workItems.left;
  return {
    filesPerSecond: last.filesPerSecond ?? 0,
    workItemsPerMinute: minutes > 0 ? Math.max(0, ended) / minutes : 0,
    etaMs: last.eta?.highMs,
  };
}

interface CoordinatedOptions {
  readonly part: Part;
  readonly surroundings: Surroundings;
  readonly control: RunControl;
  readonly services: Services;
  readonly figures: Figures;
  readonly container: string;
}

/** A partition that this machine holds, as its run sees it. */
class CoordinatedRun implements GuardedRun {
  readonly moment: number;
  readonly #with: CoordinatedOptions;
  readonly #endLooking: () => void;
  #changed: () => void = () => {};
  #couldBegin = true;
  /** When the lease became uncertain, ms since the epoch. */
  #heldSince: number | undefined;
  #ending: Promise<readonly string[]> | undefined;

  constructor(options: CoordinatedOptions) {
    const { part, surroundings, services } = options;
    this.#with = options;
    this.moment = part.moment;
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
    this.#changed = changed;
  }

  tellProgress(view: ProgressView): void {
    const { figures } = this.#with;
    figures.first ??= view;
    figures.last = view;
  }

  async end(): Promise<readonly string[]> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<readonly string[]> {
    const { part, surroundings, control } = this.#with;
    this.#endLooking();
    const isAborted = control.aborting.aborted;
    const signal = abortAfter(surroundings, isAborted ? LAST_WORD_AFTER_ABORT_MS : LAST_WORD_MS);
    const isTold = await part.end(signal).catch(() => false);
    if (part.lost?.aborted === true) return [];
    if (!isTold) return [`the account did not take the last word of partition ${part.partition}`];
    const look = await part.look(signal).catch((): undefined => undefined);
    if (look?.run === undefined) return [];
    return describeOthers({ isComplete: look.isComplete, run: look.run }, part.partition);
  }

  #look(): void {
    const { part, surroundings } = this.#with;
    const mayBegin = part.mayBegin;
    if (mayBegin === this.#couldBegin) return;
    this.#couldBegin = mayBegin;
    this.#heldSince = mayBegin || part.isDone ? undefined : surroundings.wall();
    this.#changed();
  }

  #waiting(): Waiting | undefined {
    if (this.#heldSince === undefined || this.#ending !== undefined) return undefined;
    const what = `coordination container ${this.#with.container}`;
    const advice = "the lease of this partition is not renewed; nothing new begins until it is";
    return { what, since: this.#heldSince, advice, throttled: false };
  }

  #lose(): void {
    const { part, control } = this.#with;
    const why = part.lost?.reason instanceof Error ? part.lost.reason.message : "its lease was lost";
    const error = new ReuploadError(
      "partition-lost",
      `Partition ${part.partition} is no longer this machine's: ${why}. Files in flight were finished.`,
    );
    control.drain(
      new StopRequest("partition-lost", "the partition is another machine's", error.exitCode, error),
    );
  }
}
