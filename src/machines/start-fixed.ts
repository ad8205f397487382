/**
 * The guard of a start with a fixed partition: finds or makes the run's manifest, refuses what does not fit, and claims
 * the partition.
 *
 * manifest -> record -> acquire -> manifest again -> record -> first write
 */
import { ReuploadError } from "../core/errors.ts";
import { type Moment, moment, passedSince, sleep } from "../surroundings/surroundings.ts";
import { Claim, type ClaimChecks, type ClaimContext, type Holder, type PartitionFacts } from "./claim.ts";
import { type BlobFacts, isRefusal } from "./coordination-account.ts";
import {
  confirmGeneration,
  createOnce,
  findOrMakeManifest,
  type ManifestContext,
  type ReadManifest,
  reopenRun,
  type SeenManifest,
} from "./generation.ts";
import { checkNewestCsv, type OwnCsv } from "./grown-csv.ts";
import { type Manifest, type RunSettings, settingDifferences } from "./manifest.ts";
import { decodeSummary, type RecordSummary } from "./record.ts";
import { MissingBlob } from "./missing-blob.ts";
import type { ServiceTime } from "./service-time.ts";
import { untilAnswered } from "./repeated-calls.ts";

/** Still leased so long after the first look: its holder renews it, ms. Two lease times and a little. */
const RENEWED_MS = 61_000;
const LOOK_AGAIN_MS = 2_000;

export interface FixedStart extends ManifestContext {
  readonly serviceTime: ServiceTime;
  readonly holder: Holder;
  readonly partition: number;
  readonly settings: RunSettings;
  /** Of this machine; it must be the run's newest. */
  readonly csv?: OwnCsv;
  /** The manifest as the start read it a moment ago. */
  readonly seen?: SeenManifest | undefined;
  /** Makes the manifest of a new run. */
  readonly newManifest: () => Manifest;
  readonly facts: PartitionFacts;
  /** `--take-over`: another state may go on with a partition whose holder is dead. */
  readonly takeOver: boolean;
  /** Whether something of a partition that is done is to be tried again (`--retry-failed`). */
  readonly hasRetries: () => boolean;
  /** Whether the catalog may list more of a partition that is done. */
  readonly mayFindMore: () => boolean;
  /** Told once, when the start waits for a lease to end. */
  readonly onWait: (holder: RecordSummary) => void;
}

export interface FixedClaim {
  /** undefined: the partition is done, and nothing is to be retried. */
  readonly claim: Claim | undefined;
  readonly manifest: ReadManifest;
}

/** As much of a start as the look at a record's lease needs. */
export type LeaseStart = Pick<
  FixedStart,
  "surroundings" | "account" | "holder" | "partition" | "takeOver" | "onWait"
> & { readonly settings: Pick<RunSettings, "totalPartitions"> };

/** The manifest changed during the start: it begins anew. */
class StartAgain extends Error {}

/**
 * @throws ReuploadError `run-differs`, `csv-differs`, `partition-held`, `coordination-damaged`; CoordinationRefusal when the container is
 * missing or may not be used; what `facts.adopt` throws; the signal's reason
 */
export async function claimFixedPartition(start: FixedStart, signal: AbortSignal): Promise<FixedClaim> {
  const look = new LeaseLook(start);
  const missing = new MissingBlob(start.surroundings, `the record of ${nameShare(start)}`);
  for (let { seen } = start; ; seen = undefined) {
    const manifest = await findOrMakeManifest(start, start.newManifest, signal, seen);
    checkSettings(manifest.manifest, start.settings);
    checkNewestCsv(manifest.manifest, start.csv);
    const name = start.names.record(manifest.manifest.generation, start.partition);
    const made = await createOnce(start, name, new Uint8Array(), {}, signal);
    // Nobody has held what was made just now; should somebody be faster, the acquire tells.
    if (made === undefined && !(await look.mayTry(name, signal))) continue;
    const claim = await tryClaim(start, manifest, name, signal);
    if (claim === "missing") await missing.pause(signal);
    else if (claim === "again") await sleep(start.surroundings, LOOK_AGAIN_MS, signal);
    else return { claim: claim === "done" ? undefined : claim, manifest };
  }
}

/** @throws ReuploadError `run-differs` */
export function checkSettings(manifest: Manifest, given: RunSettings): void {
  // One machine at a time works on the whole CSV, and may change its rules from start to start.
  const isWhole = manifest.totalPartitions === 1 && given.totalPartitions === 1;
  const differences = settingDifferences(manifest, isWhole ? { ...given, rules: manifest.rules } : given);
  if (differences.length === 0) return;
  const advice = `${asTheRun(manifest)}, or stop all machines and give --repartition to divide the run anew.`;
  if (manifest.mode !== given.mode) throw otherMode(manifest, given, advice);
  const list = differences.map(
    ({ what, inRun, given: now }) => `${what}: the run has ${inRun}, this command ${now}`,
  );
  const isOtherTotal = differences.some(({ what }) => what === "partitions");
  const message = `The run was started with other settings: ${list.join("; ")}.`;
  throw new ReuploadError("run-differs", message, isOtherTotal ? { advice } : {});
}

/** The options with which a start divides the CSV as the run does. */
function asTheRun({ totalPartitions: total, mode }: RunSettings): string {
  if (mode === "auto") return `Give --partition auto --total-partitions ${total}`;
  if (total === 1) return "Omit --partition and --total-partitions";
  return `Give --partition I --total-partitions ${total} (I: 0 to ${total - 1}, another one on each machine)`;
}

/** Who takes partitions as they get free would take those that belong to somebody. */
function otherMode(run: RunSettings, given: RunSettings, advice: string): ReuploadError {
  const [inRun, now] = [run, given].map(describeMode);
  return new ReuploadError(
    "run-differs",
    `The run was started ${inRun}, this command runs ${now}. All machines of a run do the same.`,
    { advice },
  );
}

function describeMode({ mode, totalPartitions }: RunSettings): string {
  if (mode === "auto") return `with --partition auto (${totalPartitions} partitions)`;
  return totalPartitions === 1 ? "without partitions" : `with ${totalPartitions} fixed partitions`;
}

/** Looks at the lease of a record before it is asked for, again and again while its holder may be dead. */
export class LeaseLook {
  readonly #start: LeaseStart;
  #firstRefused: Moment | undefined;

  constructor(start: LeaseStart) {
    this.#start = start;
  }

  /**
   * @returns whether the lease may be asked for now; false after a pause
   * @throws ReuploadError `partition-held` when it may never be; what `untilAnswered` throws
   */
  async mayTry(name: string, signal: AbortSignal): Promise<boolean> {
    const { surroundings, onWait } = this.#start;
    const blob = await lookAtRecord(this.#start, name, signal);
    if (blob === undefined || mayTry(this.#start, blob)) return true;
    if (this.#firstRefused === undefined) {
      this.#firstRefused = moment(surroundings);
      const record = decodeSummary(blob.metadata);
      if (record !== undefined) onWait(record);
    }
    if (passedSince(surroundings, this.#firstRefused) >= RENEWED_MS) throw stillHeld(this.#start, blob);
    await sleep(surroundings, LOOK_AGAIN_MS, signal);
    return false;
  }
}

async function lookAtRecord(
  { account, surroundings }: LeaseStart,
  name: string,
  signal: AbortSignal,
): Promise<BlobFacts | undefined> {
  const { blobs } = await untilAnswered(surroundings, signal, async (call) => account.list(name, call));
  return blobs.find((blob) => blob.name === name);
}

/** Whether the record's lease may be asked for now. @throws ReuploadError `partition-held` when it never may */
function mayTry(start: LeaseStart, { lease, metadata }: BlobFacts): boolean {
  const record = decodeSummary(metadata);
  if (lease !== "leased" && lease !== "expired" && lease !== "breaking") return true;
  if (record === undefined) return lease === "expired";
  const isOwn = record.stateId === start.holder.stateId;
  if (!isOwn && !start.takeOver) throw held(start, record, lease === "expired");
  return lease === "expired";
}

async function tryClaim(
  start: FixedStart,
  { manifest }: ReadManifest,
  name: string,
  signal: AbortSignal,
): Promise<Claim | "done" | "again" | "missing"> {
  const { generation } = manifest;
  const context: ClaimContext = {
    account: start.account,
    serviceTime: start.serviceTime,
    surroundings: start.surroundings,
    holder: start.holder,
    confirmGeneration: async (during) => confirmGeneration(start, generation, during),
  };
  const { partition, facts } = start;
  const checks: ClaimChecks = {
    async afterAcquire(during) {
      const now = await findOrMakeManifest(start, start.newManifest, during);
      if (now.manifest.generation !== generation) throw new StartAgain();
      checkNewestCsv(now.manifest, start.csv);
    },
    hasRetries: start.hasRetries,
    mayFindMore: start.mayFindMore,
    reopen: async (during) => reopen(start, generation, during),
  };
  try {
    return await Claim.take(context, { partition, name, facts }, checks, signal);
  } catch (thrown) {
    if (isRefusal(thrown, "BlobNotFound")) return "missing";
    if (isRefusal(thrown, "LeaseAlreadyPresent") || thrown instanceof StartAgain) return "again";
    throw thrown;
  }
}

/** @throws StartAgain */
async function reopen(start: FixedStart, generation: number, signal: AbortSignal): Promise<void> {
  if (!(await reopenRun(start, start.newManifest, generation, signal))) throw new StartAgain();
}

function held(start: LeaseStart, record: RecordSummary, isDead: boolean): ReuploadError {
  const who = describeHolder(record);
  if (isDead) {
    return new ReuploadError(
      "partition-held",
      `${capital(nameShare(start))} was started by ${who}, which stopped without releasing it.`,
      {
        advice:
          "Resume it there with its own state, or give --take-over to continue here from its last checkpoint.",
      },
    );
  }
  const { totalPartitions } = start.settings;
  return new ReuploadError("partition-held", `${who} works on ${nameShare(start)}.`, {
    advice:
      totalPartitions === 1
        ? "Let it finish. To share a CSV, each machine needs --partition and --total-partitions."
        : `Give this machine another partition of the ${totalPartitions}, or let the other one finish.`,
  });
}

function stillHeld(start: LeaseStart, { metadata }: BlobFacts): ReuploadError {
  const record = decodeSummary(metadata);
  const who = record === undefined ? "another process" : describeHolder(record);
  const isCopy = record?.stateId === start.holder.stateId;
  return new ReuploadError(
    "partition-held",
    `${who} still works on ${nameShare(start)}${isCopy ? ", and this state is a copy of its state" : ""}.`,
    { advice: "Stop the other process first, then run this command again." },
  );
}

function nameShare({ partition, settings }: LeaseStart): string {
  return settings.totalPartitions === 1 ? "the whole CSV" : `partition ${partition}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function describeHolder({ host, pid, since }: RecordSummary): string {
  return `${host} (process ${pid}, since ${new Date(since).toISOString()})`;
}
