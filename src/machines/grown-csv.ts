/**
 * A CSV that has grown (`--update-csv`) keeps its run: the manifest of the first CSV gets the digest of the newest one, and
 * a pointer lies where the manifest of the newer CSV would be. The manifest is changed first: whoever finds the pointer
 * must find a run that knows its CSV.
 */
import { ReuploadError } from "../core/errors.ts";
import { sleep } from "../surroundings/surroundings.ts";
import { BlobNames, type RunKey } from "./blob-names.ts";
import type { StoredBlob } from "./coordination-account.ts";
import { makeDocument, readDocument } from "./documents.ts";
import {
  changeManifest,
  createOnce,
  findManifest,
  type ManifestContext,
  type SeenManifest,
  toManifest,
} from "./generation.ts";
import type { Manifest } from "./manifest.ts";
import { untilAnswered } from "./repeated-calls.ts";

const KIND = "pointer";
const LOOK_AGAIN_MS = 1_000;

interface Pointer {
  /** Digest of the CSV that the run was begun with. */
  readonly first: string;
}

/** A CSV as it is compared with the run's. */
export type OwnCsv = Pick<Manifest["csv"], "digest" | "rows">;

/** The run of a CSV, and its manifest as it was read on the way; undefined when only a pointer to it was. */
export interface LocatedRun {
  readonly run: RunKey;
  readonly seen: SeenManifest | undefined;
}

/** Where the machines look for the run. */
type Place = Pick<ManifestContext, "account" | "surroundings">;

/**
 * The run of a CSV. A state whose CSV has grown looks for its earlier CSVs first: it may have been killed before the
 * account knew of the newest.
 *
 * @param digests of all CSVs that the state had, the newest last
 * @returns the run that is there; that of the newest CSV when there is none
 * @throws what `untilAnswered` throws; ReuploadError `coordination-damaged`
 */
export async function locateRun(
  place: Place,
  { target, digests }: { readonly target: string; readonly digests: readonly string[] },
  signal: AbortSignal,
): Promise<LocatedRun> {
  for (const csvDigest of digests) {
    const blob = await readOf(place, { target, csvDigest }, signal);
    if (blob === undefined) continue;
    const first = readPointer(blob);
    if (first !== undefined) return { run: { target, csvDigest: first }, seen: undefined };
    return { run: { target, csvDigest }, seen: { manifest: toManifest(blob) } };
  }
  return { run: { target, csvDigest: digests.at(-1) ?? "" }, seen: { manifest: undefined } };
}

/** Which CSV a pointer names, as its metadata tell it: the end of its manifest's name. @returns undefined for another blob */
export function pointedTo(metadata: Readonly<Record<string, string>>): string | undefined {
  return metadata["pointer"];
}

/**
 * Only a machine that has the newest CSV may take a partition.
 *
 * @throws ReuploadError `csv-differs` that says what to do
 */
export function checkNewestCsv({ csv }: Pick<Manifest, "csv">, own: OwnCsv | undefined): void {
  if (own === undefined || own.digest === csv.digest) return;
  throw new ReuploadError(
    "csv-differs",
    `The newest CSV of this run is ${csv.fileName} (${csv.rows} rows). This machine has another one (${own.rows} rows).`,
    {
      advice: `Give the newest CSV. To resume a state with it, add --update-csv: reupload run --resume --update-csv --csv ${csv.fileName} --state-db FILE.`,
    },
  );
}

/** The same, for the run as it stands. @throws as `checkNewestCsv` and `findManifest` */
export async function checkRunsCsv(
  context: ManifestContext & { readonly csv: OwnCsv; readonly seen?: SeenManifest | undefined },
  signal: AbortSignal,
): Promise<void> {
  const found = await findManifest(context, signal, context.seen);
  if (found !== undefined) checkNewestCsv(found.manifest, context.csv);
}

/** The CSV of a run's manifest, once it is replaced by another one. */
export function replaceCsv(old: Manifest["csv"], csv: Manifest["csv"]): Manifest["csv"] {
  const former = [...(old.former ?? []), old.digest].filter((digest) => digest !== csv.digest);
  return { ...csv, first: old.first ?? old.digest, former };
}

/** A run and the CSV that is to point to it. */
export interface Pointing extends ManifestContext {
  readonly run: RunKey;
  readonly csv: Manifest["csv"];
}

export interface CsvUpdate extends Pointing {
  /** Whether this start was told to. */
  readonly updatesCsv: boolean;
  /** Of the state: a start that was told to may have been killed before the account knew. */
  readonly formerCsvs: readonly string[];
  /** Refuses what does not fit the run. */
  readonly check: (run: Manifest) => void;
}

/**
 * Tells the run of the CSV that has grown. A closed run is open again. Does nothing when the run has this CSV already, or
 * when there is no run.
 *
 * @throws ReuploadError `csv-differs` when the CSV was replaced by a newer one, has fewer rows than the newest, or has a run
 * of its own; what `check` and the calls throw
 */
export async function updateRunsCsv(update: CsvUpdate, signal: AbortSignal): Promise<void> {
  const { csv, check, surroundings } = update;
  for (;;) {
    const found = await findManifest(update, signal);
    if (found === undefined || found.manifest.csv.digest === csv.digest) return;
    const { manifest } = found;
    check(manifest);
    if (!mayReplace(manifest.csv, update)) checkNewestCsv(manifest, csv);
    await readOwnPointer(update, signal);
    const isClosed = manifest.state === "closed";
    const opened = isClosed ? { state: "open" as const, reopened: manifest.reopened + 1 } : {};
    const changes = { csv: replaceCsv(manifest.csv, csv), ...opened };
    if ((await changeManifest(update, found, changes, signal)) !== undefined) return;
    await sleep(surroundings, LOOK_AGAIN_MS, signal);
  }
}

/** Whether the machine's CSV is newer than the run's. A CSV only grows. */
function mayReplace(
  { digest, rows, former = [] }: Manifest["csv"],
  { csv, updatesCsv, formerCsvs }: Pick<CsvUpdate, "csv" | "updatesCsv" | "formerCsvs">,
): boolean {
  if (former.includes(csv.digest) || csv.rows < rows) return false;
  return updatesCsv || formerCsvs.includes(digest);
}

/**
 * Makes the pointer from the newest CSV to its run, unless it is there or the run was begun with this CSV.
 *
 * @throws ReuploadError `csv-differs` when the CSV has a run of its own; what the calls throw
 */
export async function pointToRun(update: Pointing, signal: AbortSignal): Promise<void> {
  const { run, csv } = update;
  if (run.csvDigest === csv.digest || (await readOwnPointer(update, signal))) return;
  const { manifest } = BlobNames.forRun({ ...run, csvDigest: csv.digest });
  const pointer: Pointer = { first: run.csvDigest };
  const metadata = { pointer: BlobNames.csvPart(run.csvDigest) };
  await createOnce(update, manifest, makeDocument(KIND, pointer), metadata, signal);
  // Somebody may have begun a run with this CSV meanwhile.
  await readOwnPointer(update, signal);
}

/** @returns whether the CSV's pointer is there @throws ReuploadError `csv-differs` when it has a run of its own */
async function readOwnPointer({ run, csv, ...place }: Pointing, signal: AbortSignal): Promise<boolean> {
  const blob = await readOf(place, { ...run, csvDigest: csv.digest }, signal);
  if (blob === undefined) return false;
  if (run.csvDigest === csv.digest || readPointer(blob) === run.csvDigest) return true;
  throw new ReuploadError(
    "csv-differs",
    `The CSV ${csv.fileName} has a run of its own in this target: it cannot be joined to the run of the CSV before.`,
    {
      advice:
        "Finish that run with states of its own, or continue this state alone: stop the other machines and add --no-coordination.",
    },
  );
}

async function readOf(
  { account, surroundings }: Place,
  key: RunKey,
  signal: AbortSignal,
): Promise<StoredBlob | undefined> {
  const { manifest } = BlobNames.forRun(key);
  return untilAnswered(surroundings, signal, async (call) => account.read(manifest, call));
}

/** @returns the digest of the run's first CSV; undefined when the blob is a manifest */
function readPointer({ metadata, body }: StoredBlob): string | undefined {
  if (pointedTo(metadata) === undefined) return undefined;
  return readDocument<Pointer>(KIND, body, ["first"]).first;
}
