/**
 * Another CSV on one machine: two runs into the same target whose CSVs share most of their work items are one run by
 * mistake. The manifests of a target lie side by side, each with a sample of its CSV's row hashes, so that one list
 * request tells.
 */
import { HASH_DIGITS, SAMPLE_SIZE } from "../core/csv-digest.ts";
import { ReuploadError } from "../core/errors.ts";
import type { BlobFacts } from "./coordination-account.ts";
import type { ManifestContext } from "./generation.ts";
import { decodeSummary } from "./record.ts";
import { untilAnswered } from "./repeated-calls.ts";

/**
 * How much of the smaller CSV is in the other one, from 0 to 1, as far as both samples tell. Both samples are the
 * smallest hashes of their CSV, so that below the smaller of the two largest hashes both are complete (bottom-k sketch,
 * Broder 1997).
 */
export function estimateOverlap(one: readonly string[], other: readonly string[]): number {
  const reach = smallerText(sampleLimit(one), sampleLimit(other));
  const [a, b] = [one, other].map((sample) => sample.filter((row) => row <= reach)) as [string[], string[]];
  const least = Math.min(a.length, b.length);
  if (least === 0) return 0;
  const both = new Set(b);
  return a.filter((row) => both.has(row)).length / least;
}

/** Up to which hash the sample is complete. */
function sampleLimit(sample: readonly string[]): string {
  return sample.length < SAMPLE_SIZE ? "g" : (sample.at(-1) ?? "g");
}

function smallerText(one: string, other: string): string {
  return one < other ? one : other;
}

interface OtherRun {
  readonly name: string;
  readonly rows: number;
  readonly file: string;
  readonly begin: number;
  /** Of a machine that works on it. */
  readonly host: string;
  readonly since: number;
}

export interface OverlapCheck extends ManifestContext {
  readonly csv: { readonly fileName: string; readonly rows: number; readonly sample: readonly string[] };
  readonly holder: { readonly stateId: string };
  /** Told when a CSV overlaps whose run no machine works on now. */
  readonly onSuspicion: (other: { readonly file: string; readonly rows: number }) => void;
}

/**
 * Refuses a start whose CSV shares more than half of its work items with that of a living, unfinished run into the same
 * target; of the two the later one is refused.
 *
 * @throws ReuploadError `csv-differs`; what `untilAnswered` throws
 */
export async function checkOtherCsvs(check: OverlapCheck, signal: AbortSignal): Promise<void> {
  const { account, surroundings, names, csv } = check;
  const list = async (prefix: string): Promise<readonly BlobFacts[]> =>
    (await untilAnswered(surroundings, signal, async (call) => account.list(prefix, call))).blobs;
  const similar = (await list(names.manifests)).filter(
    ({ name, metadata }) =>
      name !== names.manifest &&
      metadata["state"] !== "closed" &&
      estimateOverlap(csv.sample, splitSample(metadata["sample"])) > 0.5,
  );
  if (similar.length === 0) return;
  const begins = new Map((await list(names.begins)).map(({ name, lastModified }) => [name, lastModified]));
  const own = begins.get(names.begin) ?? Number.POSITIVE_INFINITY;
  for (const { name, metadata } of similar) {
    const other = names.beside(name);
    const rows = Number(metadata["rows"]);
    const file = decodeURIComponent(metadata["file"] ?? "");
    const records = await list(other.records(Number(metadata["generation"])));
    // A CSV that has grown (`--update-csv`), or one that this state was made from before.
    if (records.some(({ metadata: of }) => decodeSummary(of)?.stateId === check.holder.stateId)) continue;
    const live = records.find(({ lease }) => lease === "leased");
    const holder = live === undefined ? undefined : decodeSummary(live.metadata);
    if (holder === undefined) {
      check.onSuspicion({ file, rows });
      continue;
    }
    const begin = begins.get(other.begin) ?? 0;
    const isLater = own > begin || (own === begin && names.manifest > name);
    if (isLater) throw refuse(check, { name, rows, file, begin, host: holder.host, since: holder.since });
  }
}

function splitSample(text = ""): string[] {
  return text.match(new RegExp(`.{${HASH_DIGITS}}`, "g")) ?? [];
}

function refuse({ csv }: OverlapCheck, { file, rows, host, since }: OtherRun): ReuploadError {
  return new ReuploadError(
    "csv-differs",
    `${host} has been working on ${file} with ${rows} rows since ${new Date(since).toISOString()}. This CSV, ${csv.fileName} with ${csv.rows} rows, differs from it but shares most of its work items.`,
  );
}
