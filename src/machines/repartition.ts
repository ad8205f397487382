/**
 * `--repartition`: another number of partitions for a run that no machine works on.
 *
 * The manifest is written as `opening` first, with the next generation; only then the old leases are listed. A machine
 * that claims a partition meanwhile reads the manifest after its acquire and finds `opening`, or its lease is seen here:
 * one of the two must happen. The new generation begins from the union of the old checkpoints.
 */
import { ReuploadError } from "../core/errors.ts";
import { sleep } from "../surroundings/surroundings.ts";
import type { BlobFacts } from "./coordination-account.ts";
import {
  changeManifest,
  createOnce,
  findOrMakeManifest,
  type ManifestContext,
  type ReadManifest,
} from "./generation.ts";
import { BlobNames } from "./blob-names.ts";
import type { Manifest, RunSettings } from "./manifest.ts";
import { decodeSummary, type RecordSummary } from "./record.ts";
import { untilAnswered } from "./repeated-calls.ts";
import { checkSettings } from "./start-fixed.ts";

/** As long as an expired lease may still be renewed by a machine that was cut off, ms. */
const EXPIRED_IS_HELD_MS = 30_000;
const LOOK_AGAIN_MS = 1_000;

export interface Repartition extends ManifestContext {
  readonly newManifest: () => Manifest;
  readonly settings: RunSettings;
  readonly spread: SpreadRecords;
  /** The run begins anew, with these settings and no facts; what its manifest says of when that was, and of another CSV. */
  readonly again?: Pick<Manifest, "again"> & Partial<Pick<Manifest, "csv">>;
  /** Told once, when the repartition waits for a lease that has expired. */
  readonly onWait: (holder: RecordSummary) => void;
}

/**
 * Makes the records of the new partitions from those of the old ones, by number.
 *
 * @param total number of the old partitions
 * @throws ReuploadError when they cannot be made: the run stays as it was
 */
export type SpreadRecords = (
  old: readonly OldRecord[],
  total: number,
) => Promise<ReadonlyMap<number, NewRecord>>;

export interface OldRecord {
  readonly partition: number;
  /** Its checkpoint. */
  readonly body: Uint8Array;
  readonly summary: RecordSummary;
}

export interface NewRecord {
  readonly body: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * @returns the manifest of the new generation, or the run's own when it has the wanted total already
 * @throws ReuploadError `partition-held` when a machine works; what `spread` and the calls throw
 */
export async function repartition(context: Repartition, signal: AbortSignal): Promise<ReadManifest> {
  for (;;) {
    const found = await findOrMakeManifest(context, context.newManifest, signal);
    const { manifest } = found;
    const { settings, again } = context;
    if (again === undefined) {
      // Anything else that differs is refused before the run is changed.
      checkSettings(manifest, asDivided(manifest, settings));
      const isSameMode = manifest.mode === settings.mode;
      if (isSameMode && manifest.totalPartitions === settings.totalPartitions) return found;
    }
    const opening = await changeManifest(
      context,
      found,
      {
        ...settings,
        ...again,
        state: "opening",
        generation: manifest.highestGeneration + 1,
        highestGeneration: manifest.highestGeneration + 1,
        former: formerOf(manifest, settings),
      },
      signal,
    );
    if (opening === undefined) {
      await sleep(context.surroundings, LOOK_AGAIN_MS, signal);
      continue;
    }
    const open = await openGeneration(context, opening, manifest.generation, signal);
    if (open !== undefined) return open;
    throw new ReuploadError(
      "run-differs",
      "Another machine changed the run during the repartition. Nothing was changed here.",
      {
        advice:
          "Look at the run with `reupload monitor --target URL --csv FILE`, then run the command again.",
      },
    );
  }
}

/** The given settings with what a repartition may change as the run has it: partitions, and limits that only `auto` has. */
function asDivided({ mode, totalPartitions, rules }: Manifest, given: RunSettings): RunSettings {
  if (mode === given.mode) return { ...given, totalPartitions };
  const isLimit = ([rule]: readonly [string, string]) => rule.startsWith("--max-");
  // A rule that is absent is left at its default, and counts as given.
  const own = Object.entries(given.rules).filter((rule) => !isLimit(rule));
  const limits = Object.entries(rules).filter(isLimit);
  return { ...given, mode, totalPartitions, rules: Object.fromEntries([...limits, ...own]) };
}

/** What is put back when the repartition does not come to its end. */
function formerOf(
  { generation, totalPartitions, mode, rules }: Manifest,
  given: RunSettings,
): NonNullable<Manifest["former"]> {
  return { generation, totalPartitions, ...(mode === given.mode ? {} : { mode, rules }) };
}

/** @returns undefined when somebody else put the former generation back meanwhile */
async function openGeneration(
  context: Repartition,
  opening: ReadManifest,
  former: number,
  signal: AbortSignal,
): Promise<ReadManifest | undefined> {
  let made: ReadonlyMap<number, NewRecord>;
  try {
    const old = await readOld(context, await freeRecords(context, former, signal), signal);
    made = await context.spread(old, opening.manifest.former?.totalPartitions ?? 1);
  } catch (thrown) {
    if (!(thrown instanceof ReuploadError)) throw thrown;
    const { former: before } = opening.manifest;
    await changeManifest(context, opening, { state: "open", ...before, former: undefined }, signal);
    throw thrown;
  }
  for (const [partition, { body, metadata }] of made) {
    const name = context.names.record(opening.manifest.generation, partition);
    await createOnce(context, name, body, metadata, signal);
  }
  return changeManifest(context, opening, { state: "open", former: undefined }, signal);
}

/** The former generation's records. @throws ReuploadError `partition-held` when a machine holds one */
async function freeRecords(
  context: Repartition,
  generation: number,
  signal: AbortSignal,
): Promise<readonly BlobFacts[]> {
  const { account, surroundings, names, onWait } = context;
  const began = surroundings.monotonic();
  let isTold = false;
  for (;;) {
    const { blobs } = await untilAnswered(surroundings, signal, async (call) =>
      account.list(names.records(generation), call),
    );
    const held = blobs.find(({ lease }) => lease === "leased" || lease === "breaking");
    if (held !== undefined) throw isHeld(held);
    const expired = blobs.find(({ lease }) => lease === "expired");
    if (expired === undefined || surroundings.monotonic() - began >= EXPIRED_IS_HELD_MS) return blobs;
    const holder = decodeSummary(expired.metadata);
    if (!isTold && holder !== undefined) onWait(holder);
    isTold = true;
    await sleep(surroundings, 2_000, signal);
  }
}

function isHeld({ metadata }: BlobFacts): ReuploadError {
  const record = decodeSummary(metadata);
  const who = record === undefined ? "A machine" : `${record.host} (process ${record.pid})`;
  return new ReuploadError("partition-held", `${who} works on this run, so it cannot be repartitioned now.`, {
    advice: "Stop all machines of the run first (Ctrl+C), then give --repartition on one of them.",
  });
}

async function readOld(
  { account, surroundings }: Repartition,
  records: readonly BlobFacts[],
  signal: AbortSignal,
): Promise<OldRecord[]> {
  const old: OldRecord[] = [];
  for (const { name, metadata } of records) {
    if (decodeSummary(metadata) === undefined) continue;
    const blob = await untilAnswered(surroundings, signal, async (call) => account.read(name, call));
    const summary = blob === undefined ? undefined : decodeSummary(blob.metadata);
    if (blob === undefined || summary === undefined) continue;
    old.push({ partition: BlobNames.partitionOfRecord(name), body: blob.body, summary });
  }
  return old;
}
