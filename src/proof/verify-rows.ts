/** The rows of the CSV that is verified. It is read twice: once for what is known before, then for the work items. */
import { createHash } from "node:crypto";
import { CsvDigest, SeenKeys, SeenTexts } from "../core/csv-digest.ts";
import { choosePartition } from "../core/partition.ts";
import type { NameTemplate } from "../core/target-name.ts";
import { type WorkItem, workItemKey } from "../core/work-item.ts";
import { type InputSource, readWorkItems } from "../input/input.ts";

export interface SurveyedRows {
  /** Data rows. rows = workItems + duplicates + rejected */
  readonly rows: number;
  /** Different keys. */
  readonly workItems: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly csvDigest: string;
  /** Of the keys in the order of the rows. */
  readonly order: string;
  /** Keys that came again, whole. */
  readonly repeated: ReadonlySet<string>;
  readonly names: KnownNames;
  /** Count and `CsvDigest` of each partition's rows. */
  readonly partitions: readonly { readonly count: number; readonly digest: string }[];
}

/** What the names of work items begin with. */
export class KnownNames {
  readonly #all = new SeenTexts();
  readonly #shared = new SeenTexts();

  /** @param prefix `NameTemplate.prefix` of one more work item */
  add(prefix: string): void {
    if (!this.#all.add(prefix)) this.#shared.add(prefix);
  }

  has(prefix: string): boolean {
    return this.#all.has(prefix);
  }

  /** The beginnings of a blob's name under which another work item may have it. @param own the one under which it was found */
  others(blobName: string, own: string): string[] {
    const found: string[] = [];
    for (let end = 1; end <= blobName.length; end++) {
      const prefix = blobName.slice(0, end);
      const isOther = prefix === own ? this.#shared.has(prefix) : this.#all.has(prefix);
      if (isOther) found.push(prefix);
    }
    return found;
  }
}

export interface SurveyOptions {
  readonly template: NameTemplate;
  readonly totalPartitions: number;
  readonly signal: AbortSignal;
}

/** Reads the CSV once. @throws those of `ReadWorkItems` */
export async function surveyRows(source: InputSource, options: SurveyOptions): Promise<SurveyedRows> {
  const { template, totalPartitions, signal } = options;
  const [digest, keys, names] = [new CsvDigest(), new SeenKeys(), new KnownNames()];
  const partitions = Array.from({ length: totalPartitions }, () => new CsvDigest());
  const counts = Array.from({ length: totalPartitions }, () => 0);
  const repeated = new Set<string>();
  const order = createHash("sha256");
  let [rows, rejected] = [0, 0];
  for await (const batch of readWorkItems(source, { signal })) {
    rows += batch.length;
    for (const row of batch) {
      if (row.kind === "rejected") {
        rejected++;
        continue;
      }
      const { workItem } = row;
      const key = workItemKey(workItem);
      order.update(`${key}\n`);
      digest.add(workItem);
      if (!keys.add(workItem)) {
        repeated.add(key);
        continue;
      }
      const prefix = template.prefix(workItem);
      if (prefix !== undefined) names.add(prefix);
      const partition = choosePartition(workItem.workItemId, totalPartitions);
      partitions[partition]?.add(workItem);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
  }
  return {
    rows,
    workItems: keys.size,
    duplicates: rows - rejected - keys.size,
    rejected,
    csvDigest: digest.toString(),
    order: order.digest("hex"),
    repeated,
    names,
    partitions: partitions.map((rowsOf, at) => ({ count: counts[at] ?? 0, digest: rowsOf.toString() })),
  };
}

/** The work items of the CSV, each key once, as its first row has it. */
export async function* distinctWorkItems(
  source: InputSource,
  { repeated }: Pick<SurveyedRows, "repeated">,
  signal: AbortSignal,
): AsyncGenerator<readonly WorkItem[]> {
  const met = new Set<string>();
  for await (const batch of readWorkItems(source, { signal })) {
    const workItems: WorkItem[] = [];
    for (const row of batch) {
      if (row.kind === "rejected") continue;
      const key = workItemKey(row.workItem);
      if (repeated.has(key)) {
        if (met.has(key)) continue;
        met.add(key);
      }
      workItems.push(row.workItem);
    }
    yield workItems;
  }
}

/** Passes over the first ones. */
export async function* skipFirst(
  workItems: AsyncIterable<readonly WorkItem[]>,
  count: number,
): AsyncGenerator<readonly WorkItem[]> {
  let left = count;
  for await (const batch of workItems) {
    const skipped = Math.min(left, batch.length);
    left -= skipped;
    if (skipped < batch.length) yield batch.slice(skipped);
  }
}
