/** The runs that are coordinated for one target: told by one list request of their manifests. */
import { BlobNames, makeRunId, type RunKey } from "./blob-names.ts";
import type { BlobFacts, CoordinationAccount } from "./coordination-account.ts";
import { pointedTo } from "./grown-csv.ts";
import { callOnce } from "./repeated-calls.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

export interface FoundRun {
  /** Of its generation now; the same on every machine. */
  readonly runId: string;
  readonly key: RunKey;
  readonly names: BlobNames;
  /** Of its newest CSV. */
  readonly csvDigest: string;
  /** Names of the manifest and of the pointers of its later CSVs. */
  readonly ofCsvs: readonly string[];
  readonly fileName: string;
  readonly rows: number;
  readonly state: string;
  /** When its manifest was last written, by the service's clock, ms since the epoch. */
  readonly changedAt: number;
}

/**
 * One request.
 *
 * @param target blob endpoint and container, without query
 * @returns the newest first
 * @throws as `callOnce` does
 */
export async function findRuns(
  { account, surroundings }: { readonly account: CoordinationAccount; readonly surroundings: Surroundings },
  target: string,
  signal: AbortSignal,
): Promise<readonly FoundRun[]> {
  const any = BlobNames.forRun({ target, csvDigest: "" });
  const { blobs } = await callOnce(surroundings, signal, async (call) => account.list(any.manifests, call));
  return blobs
    .flatMap((blob) => readRun(blob, target, any) ?? [])
    .map((run) => ({ ...run, ofCsvs: [...run.ofCsvs, ...pointersTo(run, blobs)] }))
    .toSorted((a, b) => b.changedAt - a.changedAt);
}

function pointersTo({ names }: FoundRun, blobs: readonly BlobFacts[]): string[] {
  const pointers = blobs.filter(({ metadata }) => {
    const to = pointedTo(metadata);
    return to !== undefined && names.manifest.endsWith(`/${to}`);
  });
  return pointers.map(({ name }) => name);
}

/** @returns undefined for a blob that is no run's: another tool wrote it */
function readRun(
  { name, metadata, lastModified }: BlobFacts,
  target: RunKey["target"],
  any: BlobNames,
): FoundRun | undefined {
  const { digest, file = "", rows, state, generation } = metadata;
  if (digest === undefined || state === undefined || generation === undefined) return undefined;
  const key = { target, csvDigest: metadata["first"] ?? digest };
  return {
    runId: makeRunId(key, Number(generation)),
    key,
    names: any.beside(name),
    csvDigest: digest,
    ofCsvs: [name],
    fileName: readName(file),
    rows: Number(rows),
    state,
    changedAt: lastModified,
  };
}

/** A name that was cut in the middle of a character stays as it is. */
function readName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
