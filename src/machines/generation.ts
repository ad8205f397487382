/**
 * The manifest as one machine sees it: found or made at the start, looked at again during the run, opened, closed and
 * repartitioned by conditional writes.
 */
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { BlobNames } from "./blob-names.ts";
import { type CoordinationAccount, isRefusal, type StoredBlob } from "./coordination-account.ts";
import type { Confirmation } from "./lease.ts";
import { decodeManifest, encodeManifest, type Manifest } from "./manifest.ts";
import { callOnce, untilAnswered } from "./repeated-calls.ts";

/** Whoever finds an `opening` that is older than this undoes it, ms. */
export const OPENING_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;

export interface ReadManifest {
  readonly manifest: Manifest;
  readonly etag: string;
  /** ms since the epoch, by the service's clock */
  readonly lastModified: number;
  /** The service's clock at the answer. */
  readonly date: number;
}

export interface ManifestContext {
  readonly account: CoordinationAccount;
  readonly surroundings: Surroundings;
  readonly names: BlobNames;
}

/** @returns undefined when there is none @throws what `untilAnswered` and `decodeManifest` throw */
export async function readManifest(
  { account, surroundings, names }: ManifestContext,
  signal: AbortSignal,
): Promise<ReadManifest | undefined> {
  const blob = await untilAnswered(surroundings, signal, async (call) => account.read(names.manifest, call));
  return blob === undefined ? undefined : toManifest(blob);
}

function toManifest({ body, etag, lastModified, date }: StoredBlob): ReadManifest {
  return { manifest: decodeManifest(body), etag, lastModified, date };
}

/**
 * The manifest, once no repartition is under way. `begin` is made before the manifest, never written again: its
 * `Last-Modified` is the run's moment.
 *
 * @param wanted makes the manifest of a new run
 * @throws what `untilAnswered` and `decodeManifest` throw
 */
export async function findOrMakeManifest(
  context: ManifestContext,
  wanted: () => Manifest,
  signal: AbortSignal,
): Promise<ReadManifest> {
  const { surroundings, names } = context;
  for (;;) {
    const found = await readManifest(context, signal);
    if (found === undefined) {
      await createOnce(context, names.begin, new Uint8Array(), {}, signal);
      const manifest = wanted();
      await createOnce(context, names.manifest, encodeManifest(manifest), manifestMetadata(manifest), signal);
    } else if (found.manifest.state !== "opening") return found;
    else if (found.date - found.lastModified > OPENING_MS) await undoOpening(context, found, signal);
    else await sleep(surroundings, LOOK_AGAIN_MS, signal);
  }
}

/** Makes the blob unless it is there. @throws what `untilAnswered` throws */
export async function createOnce(
  { account, surroundings }: ManifestContext,
  name: string,
  body: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await untilAnswered(surroundings, signal, async (call) =>
      account.write(name, { body, metadata }, { ifNoneMatch: "*" }, call),
    );
  } catch (thrown) {
    // A lease on a blob that is there is told before the condition is looked at.
    if (!isRefusal(thrown, "BlobAlreadyExists", "ConditionNotMet", "LeaseIdMissing")) throw thrown;
  }
}

/**
 * Writes the manifest if nobody did since it was read.
 *
 * @returns as it was written; undefined when somebody had changed it: read it again
 * @throws what `untilAnswered` throws
 */
export async function changeManifest(
  context: ManifestContext,
  read: ReadManifest,
  changes: Partial<Manifest>,
  signal: AbortSignal,
): Promise<ReadManifest | undefined> {
  const { account, surroundings, names } = context;
  const manifest: Manifest = { ...read.manifest, ...changes, writer: surroundings.uuid() };
  const blob = { body: encodeManifest(manifest), metadata: manifestMetadata(manifest) };
  try {
    const { etag, date } = await untilAnswered(surroundings, signal, async (call) =>
      account.write(names.manifest, blob, { ifMatch: read.etag }, call),
    );
    return { manifest, etag, lastModified: date, date };
  } catch (thrown) {
    if (!isRefusal(thrown, "ConditionNotMet", "BlobNotFound")) throw thrown;
  }
  // Our own write, whose answer was lost, is what changed it.
  const now = await readManifest(context, signal);
  return now?.manifest.writer === manifest.writer ? now : undefined;
}

/**
 * Opens the run again before a partition that is done is worked on: whoever is about to close it finds the manifest
 * changed.
 *
 * @returns false when the run has another generation by now
 * @throws what `untilAnswered` throws
 */
export async function reopenRun(
  context: ManifestContext,
  wanted: () => Manifest,
  generation: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const read = await findOrMakeManifest(context, wanted, signal);
    if (read.manifest.generation !== generation) return false;
    const changes = { state: "open", reopened: read.manifest.reopened + 1 } as const;
    if ((await changeManifest(context, read, changes, signal)) !== undefined) return true;
  }
}

/** What one list request tells of all manifests of a target. */
export function manifestMetadata({ csv, generation, state }: Manifest): Record<string, string> {
  return {
    state,
    generation: String(generation),
    rows: String(csv.rows),
    digest: csv.digest,
    file: encodeURIComponent(csv.fileName).slice(0, 1_000),
    sample: csv.sample.join(""),
  };
}

/** A repartition that did not come to its end: the former generation is put back. */
async function undoOpening(context: ManifestContext, read: ReadManifest, signal: AbortSignal): Promise<void> {
  const { former } = read.manifest;
  if (former === undefined)
    throw new TypeError("a manifest that is being opened does not name its former generation");
  await changeManifest(context, read, { ...former, former: undefined, state: "open" }, signal);
}

/** Whether the manifest is still the one of this generation; for the look after a doubtful renewal. One attempt. */
export async function confirmGeneration(
  { account, surroundings, names }: ManifestContext,
  generation: number,
  signal: AbortSignal,
): Promise<Confirmation> {
  const blob = await callOnce(surroundings, signal, async (call) => account.read(names.manifest, call));
  if (blob === undefined) return { kind: "lost", why: "the run's manifest was deleted" };
  const { manifest } = toManifest(blob);
  if (manifest.state === "opening") return { kind: "wait" };
  if (manifest.generation === generation) return { kind: "ours" };
  return {
    kind: "lost",
    why: `the run was repartitioned into ${manifest.totalPartitions} partitions`,
  };
}
