/**
 * What the machines of one run know of each other, kept in a container of the target account; the contract with its
 * reasons is `docs/design/015-coordination.md`. The target's safety never rests on it: creates are conditional, existing
 * content is compared, announcements are made at least once. It keeps work from being done twice, mistakes from
 * beginning, and the picture whole.
 *
 * - manifest    what all machines agree on; one per target and CSV
 * - record      one per partition: its checkpoint, a summary, and the lease of who works on it
 * - claim       one machine's hold of one partition, from acquire to release
 * - generation  one way of partitioning the run; `--repartition` begins the next
 *
 * This door knows neither the state nor the pipeline: `PartitionFacts` is how it reads and tells a partition's facts.
 */
import { beginAgain } from "./begin-again.ts";
import type { Claim } from "./claim.ts";
import { LAST_WORD_MS } from "./claim-contract.ts";
import { closeIfDone, type PartitionView, type RunView } from "./completion.ts";
import { checkRunsCsv, pointToRun, updateRunsCsv } from "./grown-csv.ts";
import type { Manifest } from "./manifest.ts";
import { type NewRecord, type OldRecord, repartition, type SpreadRecords } from "./repartition.ts";
import { lookAround } from "./look-around.ts";
import { type ReadManifest, readManifest } from "./generation.ts";
import { keepCheckpoints } from "./keep-checkpoints.ts";
import { checkSettings, claimFixedPartition, type FixedStart } from "./start-fixed.ts";
import { makeRunId, type RunKey } from "./blob-names.ts";
import { abortAfter } from "../surroundings/surroundings.ts";

export { type LostTo, PartitionLost } from "./lease.ts";
export type { NewRecord, OldRecord, PartitionView, RunKey, RunView };

export { LAST_WORD_MS };

export interface PartOptions extends Omit<FixedStart, "newManifest" | "csv"> {
  readonly run: RunKey;
  readonly csv: Manifest["csv"];
  /** Version of this tool. */
  readonly tool: string;
  readonly separateRun: boolean;
  /** `--update-csv`: the run's CSV is to become this machine's. */
  readonly updatesCsv: boolean;
  /** Digests of the CSVs that this machine's state had before. */
  readonly formerCsvs: readonly string[];
  /** When this machine's state began before the run was coordinated, ms since the epoch. */
  readonly ownBegin: number | undefined;
  /** `--repartition`: makes the records of the new partitions. */
  readonly spread: SpreadRecords | undefined;
  /** A run of the whole CSV with a new state: it takes over nothing of an earlier one. */
  readonly beginsAgain: boolean;
  readonly onSuspicion: (other: { readonly file: string; readonly rows: number }) => void;
  /** Told once the part is this machine's: what is looked at last before the first file may be read from now on. */
  readonly onClaimed: () => void;
}

/** One machine's part of a run: a fixed partition, from the guard to the last word. */
export class Part {
  readonly runId: string;
  /** "Before the run": blobs older than this need no announcement, ms since the epoch. */
  readonly moment: number;
  readonly partition: number;
  readonly totalPartitions: number;
  readonly #options: PartOptions;
  readonly #generation: number;
  /** undefined: the partition is done and nothing is to be retried. */
  readonly #claim: Claim | undefined;
  readonly #ended = new AbortController();
  readonly #checkpoints: Promise<void>;
  /** Read beside the last word; undefined when it cannot be the proof's. */
  #manifest: Promise<ReadManifest | undefined> = Promise.resolve(undefined);

  private constructor(
    options: PartOptions,
    made: { readonly generation: number; readonly claim: Claim | undefined; readonly moment: number },
  ) {
    this.#options = options;
    this.partition = options.partition;
    this.totalPartitions = options.settings.totalPartitions;
    this.runId = makeRunId(options.run, made.generation);
    this.#generation = made.generation;
    this.#claim = made.claim;
    this.moment = made.moment;
    this.#checkpoints =
      made.claim === undefined
        ? Promise.resolve()
        : keepCheckpoints(options.surroundings, made.claim, this.#ended.signal);
  }

  /**
   * The guard of a start: what does not fit is refused before the first file.
   *
   * @throws ReuploadError `run-differs`, `partition-held`, `csv-differs`, `coordination-damaged`; CoordinationRefusal when
   * the container is missing or may not be used; what `facts.adopt` throws; the signal's reason
   */
  static async begin(options: PartOptions, signal: AbortSignal): Promise<Part> {
    const newManifest = (): Manifest => ({
      ...options.settings,
      generation: 1,
      state: "open",
      highestGeneration: 1,
      former: undefined,
      reopened: 0,
      csv: ownCsv(options),
      writer: options.surroundings.uuid(),
      tool: options.tool,
    });
    const isChanged = await changeRun({ ...options, newManifest }, signal);
    const seen = isChanged ? undefined : options.seen;
    const { claim, manifest } = await claimFixedPartition({ ...options, newManifest, seen }, signal);
    try {
      await pointToRun(options, signal);
      options.onClaimed();
      const { again } = manifest.manifest;
      const moment = await lookAround({ ...options, again }, signal);
      return new Part(options, { generation: manifest.manifest.generation, claim, moment });
    } catch (thrown) {
      await claim?.finish(abortAfter(options.surroundings, LAST_WORD_MS));
      throw thrown;
    }
  }

  /** Nothing is to be done here, as far as is known. */
  get isDone(): boolean {
    return this.#claim === undefined || this.#claim.isResting;
  }

  /** Begins to work when something is found to do in a partition that was done. What fails now is tried at the next call. */
  wakeIfNeeded(): void {
    const claim = this.#claim;
    if (claim?.isResting !== true || this.#ended.signal.aborted || !this.#options.hasRetries()) return;
    claim.wake(this.#ended.signal).catch(() => {});
  }

  /** Whether new work may begin now; asked before each file. */
  get mayBegin(): boolean {
    return this.#claim?.mayBegin === true;
  }

  /** Aborts when the partition is no longer this machine's; its reason is a PartitionLost. */
  get lost(): AbortSignal | undefined {
    return this.#claim?.lost;
  }

  /**
   * The last word of this machine: its facts, and the lease given back. Call it when nothing is in flight any more.
   *
   * @param signal ends the attempt to tell: the lease is left to expire then
   * @returns whether the facts were accepted
   */
  async end(signal: AbortSignal): Promise<boolean> {
    this.#ended.abort(new Error("the part has ended"));
    await this.#checkpoints;
    const claim = this.#claim;
    if (claim === undefined) return true;
    // What changes it from now on, also a machine that reopens the run, has the proof begin anew.
    if (!claim.isResting)
      this.#manifest = readManifest(this.#options, signal).catch((): undefined => undefined);
    return claim.finish(signal);
  }

  /**
   * Whether the whole run is complete, which is proved and written down; and how the others stand.
   *
   * @throws the signal's reason; CoordinationRefusal; ReuploadError `coordination-damaged`
   */
  async look(signal: AbortSignal): Promise<{
    readonly isComplete: boolean;
    readonly run: RunView | undefined;
    /** The run's, when another machine has given it a newer one meanwhile. */
    readonly newerCsv: Manifest["csv"] | undefined;
  }> {
    const read = await this.#manifest;
    const { isComplete, run } = await closeIfDone(this.#options, this.#generation, signal, read);
    const csv = run?.read.manifest.csv;
    return { isComplete, run, newerCsv: csv?.digest === this.#options.csv.digest ? undefined : csv };
  }
}

/**
 * What a start changes of the run as a whole before it claims its part: its CSV, or its partitions.
 *
 * @returns whether the manifest may be another one than `seen`
 * @throws as `Part.begin`
 */
async function changeRun(
  options: PartOptions & Pick<FixedStart, "newManifest">,
  signal: AbortSignal,
): Promise<boolean> {
  const { spread, settings, beginsAgain } = options;
  const check = (run: Manifest) => checkSettings(run, settings);
  const updates = options.updatesCsv || options.formerCsvs.length > 0;
  if (updates) await updateRunsCsv({ ...options, check }, signal);
  else if (!beginsAgain) await checkRunsCsv(options, signal);
  if (spread !== undefined) await repartition({ ...options, spread }, signal);
  else if (beginsAgain) {
    const seen = updates ? undefined : options.seen;
    return (await beginAgain({ ...options, seen }, signal)) || updates;
  }
  return updates || spread !== undefined;
}

/** What the manifest of a new run says of the CSV. */
function ownCsv({ run, csv }: PartOptions): Manifest["csv"] {
  return run.csvDigest === csv.digest ? csv : { ...csv, first: run.csvDigest, former: [run.csvDigest] };
}
