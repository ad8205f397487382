/**
 * One machine of a run with `--partition auto`: the partitions that it holds, from the guard to the last word. It decides
 * nothing about when to take or to give back; who has the work does (`job`).
 */
import { abortAfter, type Moment, moment, passedSince } from "../surroundings/surroundings.ts";
import { type AutoOptions, takePartitions, type Want } from "./auto-parts.ts";
import { makeRunId, type RunKey } from "./blob-names.ts";
import type { Claim, Holder } from "./claim.ts";
import { LAST_WORD_MS } from "./claim-contract.ts";
import { closeIfDone, type PartitionView, type RunView, viewRun } from "./completion.ts";
import { joinRun, type Joining, type Membership } from "./membership.ts";
import { findOrMakeManifest, type SeenManifest } from "./generation.ts";
import { IdleMachines } from "./idle-machines.ts";
import { keepCheckpoints } from "./keep-checkpoints.ts";
import { checkNewestCsv, checkRunsCsv } from "./grown-csv.ts";
import type { Manifest, RunSettings } from "./manifest.ts";
import type { RecordSummary } from "./record.ts";
import { repartition, type SpreadRecords } from "./repartition.ts";
import { untilAnswered } from "./repeated-calls.ts";
import { lookAround } from "./look-around.ts";
import { checkSettings } from "./start-fixed.ts";
import { surveyOnce } from "./survey.ts";

/** Several partitions are taken by one list, when it is not older than this, ms. */
const FRESH_MS = 3_000;

export interface AutoMachineOptions extends Omit<AutoOptions, "generation" | "newManifest"> {
  readonly run: RunKey;
  readonly holder: Holder;
  readonly settings: RunSettings;
  /** Nobody asked for this number of partitions: that of the run is taken. */
  readonly anyTotal: boolean;
  readonly csv: Manifest["csv"];
  /** Version of this tool. */
  readonly tool: string;
  readonly separateRun: boolean;
  /** `--repartition`: makes the records of the new partitions. */
  readonly spread: SpreadRecords | undefined;
  readonly onWait: (holder: RecordSummary) => void;
  /** As `PartOptions`. */
  readonly ownBegin: number | undefined;
  /** As `PartOptions`. */
  readonly seen?: SeenManifest | undefined;
  /** As `PartOptions`. */
  readonly onClaimed: () => void;
  readonly onSuspicion: (other: { readonly file: string; readonly rows: number }) => void;
}

/** The run has another number of partitions, and nobody asked for one: start again with that. */
export class OtherTotal extends Error {
  readonly totalPartitions: number;

  constructor(totalPartitions: number) {
    super(`the run has ${totalPartitions} partitions`);
    this.name = "OtherTotal";
    this.totalPartitions = totalPartitions;
  }
}

interface HeldPartition {
  readonly claim: Claim;
  readonly ended: AbortController;
  readonly checkpoints: Promise<void>;
}

export class AutoMachine {
  readonly runId: string;
  /** "Before the run": blobs older than this need no announcement, ms since the epoch. */
  readonly moment: number;
  /** Who has nothing to do. */
  readonly idle: IdleMachines;
  readonly #options: AutoMachineOptions & AutoOptions;
  readonly #held = new Map<number, HeldPartition>();
  #seen: { readonly run: RunView | undefined; readonly at: Moment } | undefined;

  private constructor(options: AutoMachineOptions & AutoOptions, before: number, held: readonly Claim[]) {
    this.#options = options;
    this.idle = new IdleMachines(options);
    this.runId = makeRunId(options.run, options.generation);
    this.moment = before;
    for (const claim of held) this.#hold(claim);
  }

  /**
   * The guard of a start: what does not fit is refused before the first file. The first partition is taken already, when
   * one is free, so that starts with other CSVs see that this run is alive.
   *
   * @throws OtherTotal; ReuploadError `run-differs`, `csv-differs`, `coordination-damaged`; CoordinationRefusal when the
   * container is missing or may not be used; what `facts.adopt` throws; the signal's reason
   */
  static async begin(given: AutoMachineOptions, signal: AbortSignal): Promise<AutoMachine> {
    const newManifest = (): Manifest => ({
      ...given.settings,
      generation: 1,
      state: "open",
      highestGeneration: 1,
      former: undefined,
      reopened: 0,
      csv: given.csv,
      writer: given.surroundings.uuid(),
      tool: given.tool,
    });
    const { spread } = given;
    await checkRunsCsv(given, signal);
    if (spread !== undefined) await repartition({ ...given, newManifest, spread }, signal);
    const seen = spread === undefined ? given.seen : undefined;
    const found = await findOrMakeManifest(given, newManifest, signal, seen);
    const { manifest } = found;
    const { totalPartitions } = manifest;
    const isOther = manifest.mode === "auto" && totalPartitions !== given.settings.totalPartitions;
    if (isOther && given.anyTotal) throw new OtherTotal(totalPartitions);
    checkSettings(manifest, given.settings);
    checkNewestCsv(manifest, given.csv);
    const options = { ...given, generation: manifest.generation, newManifest };
    const want = { held: new Set<number>(), most: 1 };
    const first = await takePartitions(options, await viewRun(options, signal, found), want, signal);
    const held = first.kind === "claims" ? first.taken.map(({ claim }) => claim) : [];
    try {
      given.onClaimed();
      const before = await lookAround({ ...options, again: manifest.again }, signal);
      return new AutoMachine(options, before, held);
    } catch (thrown) {
      for (const claim of held) await claim.finish(abortAfter(given.surroundings, LAST_WORD_MS));
      throw thrown;
    }
  }

  /** The partitions that this machine holds, lost ones too until they are given back. */
  get held(): ReadonlySet<number> {
    return new Set(this.#held.keys());
  }

  /** Whether new work of a partition may begin now; asked before each file. */
  mayBegin(partition: number): boolean {
    return this.#held.get(partition)?.claim.mayBegin === true;
  }

  /** Aborts when another machine has the partition; its reason is an Error that says why. */
  lost(partition: number): AbortSignal | undefined {
    return this.#held.get(partition)?.claim.lost;
  }

  /**
   * Takes free partitions.
   *
   * @param want `which`: `dead` for those only whose machine died
   * @returns as they stood when they were free; or why there is none
   * @throws what the calls and `facts.adopt` throw; the signal's reason
   */
  async take(
    { which, ...rest }: { readonly which: "any" | "dead" } & Omit<Want, "held">,
    signal: AbortSignal,
  ): Promise<readonly PartitionView[] | "nothing-now" | "all-done" | "other-generation"> {
    const before = this.#seen;
    const tryThem = async (run: RunView | undefined) => {
      const want = { held: this.held, ...rest };
      return takePartitions(this.#options, which === "dead" ? onlyDead(run) : run, want, signal);
    };
    let answer = await tryThem(await this.seen(signal));
    if (answer.kind !== "claims" && this.#seen === before) answer = await tryThem(await this.look(signal));
    if (answer.kind !== "claims") return answer.kind;
    for (const { claim } of answer.taken) this.#hold(claim);
    return answer.taken.map((taken) => taken.before);
  }

  /**
   * The last word of a partition: its facts, and the lease given back. Call it when nothing of it is in flight any more.
   *
   * @param signal ends the attempt to tell: the lease is left to expire then
   * @returns whether the facts were accepted
   */
  async giveBack(partition: number, signal: AbortSignal): Promise<boolean> {
    const held = this.#held.get(partition);
    if (held === undefined) return true;
    held.ended.abort(new Error("the partition is given back"));
    await held.checkpoints;
    try {
      return await held.claim.finish(signal);
    } finally {
      this.#held.delete(partition);
      // What was seen before says nothing of it.
      this.#seen = undefined;
    }
  }

  /**
   * Tells the facts of a partition now, and what was given away of it; the next checkpoint does when this one fails.
   *
   * @throws the signal's reason
   */
  async checkpoint(partition: number, signal: AbortSignal): Promise<void> {
    await this.#held
      .get(partition)
      ?.claim.writeCheckpoint(signal)
      .catch(() => signal.throwIfAborted());
    this.#seen = undefined;
  }

  /** The run as the account knows it now; undefined when it is gone. @throws as `viewRun` */
  async look(signal: AbortSignal): Promise<RunView | undefined> {
    const run = await viewRun(this.#options, signal);
    this.#seen = { run, at: moment(this.#options.surroundings) };
    return run;
  }

  /** The run as it was seen last, when that was a moment ago, or as it is now. @throws as `viewRun` */
  async seen(signal: AbortSignal): Promise<RunView | undefined> {
    const seen = this.#seen;
    const isFresh = seen !== undefined && passedSince(this.#options.surroundings, seen.at) < FRESH_MS;
    return isFresh ? seen.run : this.look(signal);
  }

  /** Whether the whole run is complete, which is proved and written down. @throws as `viewRun` */
  async prove(signal: AbortSignal): Promise<boolean> {
    const { isComplete, run } = await closeIfDone(this.#options, this.#options.generation, signal);
    this.#seen = { run, at: moment(this.#options.surroundings) };
    return isComplete;
  }

  /** The facts of a partition that another machine has done; undefined when its record is gone. @throws as `viewRun` */
  async readFacts(partition: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { account, surroundings, names, generation } = this.#options;
    const name = names.record(generation, partition);
    const record = await untilAnswered(surroundings, signal, async (call) => account.read(name, call));
    return record?.body;
  }

  /** Shows itself to the others from now on. @throws as `joinRun` */
  async join(joining: Joining, signal: AbortSignal): Promise<Membership> {
    return joinRun({ ...this.#options, ...joining }, signal);
  }

  /** Files of each partition, counted once for all machines; as `surveyOnce`. */
  async survey(
    count: (signal: AbortSignal) => Promise<readonly number[] | undefined>,
    signal: AbortSignal,
  ): Promise<readonly number[] | undefined> {
    return surveyOnce(this.#options, count, signal);
  }

  #hold(claim: Claim): void {
    const ended = new AbortController();
    const checkpoints = keepCheckpoints(this.#options.surroundings, claim, ended.signal);
    this.#held.set(claim.partition, { claim, ended, checkpoints });
  }
}

function onlyDead(run: RunView | undefined): RunView | undefined {
  return run && { ...run, partitions: run.partitions.filter(({ lease }) => lease === "expired") };
}
