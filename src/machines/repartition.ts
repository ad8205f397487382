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
import type { Manifest, RunSettings } from "./manifest.ts";
import { decodeSummary } from "./record.ts";
import { untilAnswered } from "./repeated-calls.ts";

/** As long as an expired lease may still be renewed by a machine that was cut off, ms. */
const EXPIRED_IS_HELD_MS = 30_000;

export interface Repartition extends ManifestContext {
  readonly newManifest: () => Manifest;
  readonly settings: RunSettings;
  /**
   * Makes the checkpoints of the new partitions from those of the old ones, by number.
   *
   * @throws ReuploadError when they cannot be read
   */
  readonly spread: (old: readonly Uint8Array[]) => Promise<ReadonlyMap<number, NewRecord>>;
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
    if (manifest.totalPartitions === context.settings.totalPartitions) return found;
    const opening = await changeManifest(
      context,
      found,
      {
        state: "opening",
        generation: manifest.highestGeneration + 1,
        highestGeneration: manifest.highestGeneration + 1,
        totalPartitions: context.settings.totalPartitions,
        former: { generation: manifest.generation, totalPartitions: manifest.totalPartitions },
      },
      signal,
    );
    if (opening === undefined) continue;
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

/** @returns undefined when somebody else put the former generation back meanwhile */
async function openGeneration(
  context: Repartition,
  opening: ReadManifest,
  former: number,
  signal: AbortSignal,
): Promise<ReadManifest | undefined> {
  const old = await freeRecords(context, former, signal);
  if (old instanceof ReuploadError) {
    const { generation, totalPartitions } = opening.manifest.former ?? opening.manifest;
    await changeManifest(
      context,
      opening,
      { state: "open", generation, totalPartitions, former: undefined },
      signal,
    );
    throw old;
  }
  const bodies = await readBodies(context, old, signal);
  for (const [partition, { body, metadata }] of await context.spread(bodies)) {
    const name = context.names.record(opening.manifest.generation, partition);
    await createOnce(context, name, body, metadata, signal);
  }
  return changeManifest(context, opening, { state: "open", former: undefined }, signal);
}

/** The former generation's records, when no machine holds one; else why it is refused. */
async function freeRecords(
  context: Repartition,
  generation: number,
  signal: AbortSignal,
): Promise<readonly BlobFacts[] | ReuploadError> {
  const { account, surroundings, names } = context;
  const began = surroundings.monotonic();
  for (;;) {
    const { blobs } = await untilAnswered(surroundings, signal, async (call) =>
      account.list(names.records(generation), call),
    );
    const held = blobs.find(({ lease }) => lease === "leased" || lease === "breaking");
    if (held !== undefined) return isHeld(held);
    const isExpired = blobs.some(({ lease }) => lease === "expired");
    if (!isExpired || surroundings.monotonic() - began >= EXPIRED_IS_HELD_MS) return blobs;
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

async function readBodies(
  { account, surroundings }: Repartition,
  records: readonly BlobFacts[],
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  for (const { name, metadata } of records) {
    if (decodeSummary(metadata) === undefined) continue;
    const blob = await untilAnswered(surroundings, signal, async (call) => account.read(name, call));
    if (blob !== undefined) bodies.push(blob.body);
  }
  return bodies;
}
