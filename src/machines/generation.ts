/**
 * The manifest as one machine sees it: found or made at the start, looked at again during the run, opened, closed and
 * repartitioned by conditional writes.
 */
import { sleep, type Surroundings } from "../surroundings/surroundings.ts";
import type { BlobNames } from "./blob-names.ts";
import {
  type CallOptions,
  type CoordinationAccount,
  isRefusal,
  type StoredBlob,
  type Written,
} from "./coordination-account.ts";
import type { Confirmation } from "./lease.ts";
import { decodeManifest, encodeManifest, type Manifest } from "./manifest.ts";
import { MissingBlob } from "./missing-blob.ts";
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

/** What a start read of the manifest a moment ago, for its first steps; undefined: there was none. */
export interface SeenManifest {
  readonly manifest: ReadManifest | undefined;
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

/** A manifest as it was read. @throws ReuploadError `coordination-damaged` */
export function toManifest({ body, etag, lastModified, date }: StoredBlob): ReadManifest {
  return { manifest: decodeManifest(body), etag, lastModified, date };
}

/**
 * The manifest, once no repartition is under way. `begin` is made before the manifest, never written again: its
 * `Last-Modified` is the run's moment.
 *
 * @param wanted makes the manifest of a new run
 * @param seen given only by who reads the manifest again, once it holds a lease: it is not read first then, nor after it was made
 * @throws ReuploadError `coordination-damaged` when the service does not keep it; what `untilAnswered` throws
 */
export async function findOrMakeManifest(
  context: ManifestContext,
  wanted: () => Manifest,
  signal: AbortSignal,
  seen?: SeenManifest,
): Promise<ReadManifest> {
  const { names, surroundings } = context;
  const missing = new MissingBlob(surroundings, "the manifest of the run");
  for (let round = 1; ; round++) {
    const found = await findManifest(context, signal, round === 1 ? seen : undefined);
    if (found !== undefined) return found;
    if (round > 1) await missing.pause(signal);
    await createOnce(context, names.begin, new Uint8Array(), {}, signal);
    const manifest = wanted();
    const [body, metadata] = [encodeManifest(manifest), manifestMetadata(manifest)];
    const made = await createOnce(context, names.manifest, body, metadata, signal);
    if (made !== undefined && seen !== undefined) return { manifest, ...made, lastModified: made.date };
  }
}

/**
 * The manifest, once no repartition is under way.
 *
 * @param seen stands for the first look, unless a repartition was under way
 * @returns undefined when there is none
 * @throws as `readManifest`
 */
export async function findManifest(
  context: ManifestContext,
  signal: AbortSignal,
  seen?: SeenManifest,
): Promise<ReadManifest | undefined> {
  const { surroundings } = context;
  if (seen !== undefined && seen.manifest?.manifest.state !== "opening") return seen.manifest;
  for (;;) {
    const found = await readManifest(context, signal);
    if (found === undefined || found.manifest.state !== "opening") return found;
    if (isLeftBehind(found) && (await changeManifest(context, found, formerOf(found), signal))) continue;
    await sleep(surroundings, LOOK_AGAIN_MS, signal);
  }
}

/** Makes the blob unless it is there. @returns undefined when it is there, as far as can be told @throws what `untilAnswered` throws */
export async function createOnce(
  { account, surroundings }: ManifestContext,
  name: string,
  body: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Written | undefined> {
  try {
    return await untilAnswered(surroundings, signal, async (call) =>
      account.write(name, { body, metadata }, { ifNoneMatch: "*" }, call),
    );
  } catch (thrown) {
    // A lease on a blob that is there is told before the condition is looked at.
    if (!isRefusal(thrown, "BlobAlreadyExists", "ConditionNotMet", "LeaseIdMissing")) throw thrown;
    return undefined;
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
  const { surroundings } = context;
  const changed = { ...changes, writer: surroundings.uuid() };
  const manifest: Manifest = { ...read.manifest, ...changed };
  try {
    const { etag, date } = await untilAnswered(surroundings, signal, async (call) =>
      writeManifest(context, read, changed, call),
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
    await sleep(context.surroundings, LOOK_AGAIN_MS, signal);
  }
}

/** What one list request tells of all manifests of a target. */
export function manifestMetadata({ csv, generation, state }: Manifest): Record<string, string> {
  return {
    state,
    generation: String(generation),
    rows: String(csv.rows),
    digest: csv.digest,
    ...(csv.first === undefined ? {} : { first: csv.first }),
    file: encodeURIComponent(csv.fileName).slice(0, 1_000),
    sample: csv.sample.join(""),
  };
}

/** One attempt. @throws CoordinationRefusal `ConditionNotMet` when somebody has changed it since it was read */
async function writeManifest(
  { account, names }: ManifestContext,
  read: ReadManifest,
  changes: Partial<Manifest>,
  call: CallOptions,
): Promise<Written> {
  const manifest: Manifest = { ...read.manifest, ...changes };
  const blob = { body: encodeManifest(manifest), metadata: manifestMetadata(manifest) };
  return account.write(names.manifest, blob, { ifMatch: read.etag }, call);
}

/** A repartition that did not come to its end: whoever finds it puts the former generation back. */
function isLeftBehind({ date, lastModified }: ReadManifest): boolean {
  return date - lastModified > OPENING_MS;
}

function formerOf({ manifest: { former } }: ReadManifest): Partial<Manifest> {
  if (former === undefined)
    throw new TypeError("a manifest that is being opened does not name its former generation");
  return { ...former, former: undefined, state: "open" };
}

/**
 * Whether the manifest is still the one of this generation; for the look after a doubtful renewal. One attempt. An
 * `opening` that was left behind is undone here, too: there may be no other start that finds it, and a machine that only
 * waits would wait for ever.
 */
export async function confirmGeneration(
  context: ManifestContext,
  generation: number,
  signal: AbortSignal,
): Promise<Confirmation> {
  const { account, surroundings, names } = context;
  const blob = await callOnce(surroundings, signal, async (call) => account.read(names.manifest, call));
  if (blob === undefined) return { kind: "lost", why: "the run's manifest was deleted", to: "nobody" };
  const read = toManifest(blob);
  const { manifest } = read;
  if (manifest.state === "opening") {
    if (isLeftBehind(read)) {
      const changes = { ...formerOf(read), writer: surroundings.uuid() };
      await callOnce(surroundings, signal, async (call) => writeManifest(context, read, changes, call));
    }
    return { kind: "wait" };
  }
  if (manifest.generation === generation) return { kind: "ours" };
  return {
    kind: "lost",
    to: "repartition",
    why: `the run was repartitioned into ${manifest.totalPartitions} partitions`,
  };
}
