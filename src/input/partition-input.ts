import { CsvDigest, SeenKeys } from "../core/csv-digest.ts";
import { DamagedIds } from "../core/damaged-ids.ts";
import { isInShare } from "../core/partition.ts";
import { redact } from "../core/secret.ts";
import type { WorkItem } from "../core/work-item.ts";
import { RejectedRows } from "../files/files.ts";
import type { InputSource } from "./input.ts";
import { readWorkItems } from "./read-csv.ts";

export interface PartitionInputOptions {
  readonly source: InputSource;
  /** `0 <= partition < totalPartitions`, or all of them */
  readonly partition: number | "auto";
  readonly totalPartitions: number;
  /** Where the rejected rows go. */
  readonly rejectedPath: string;
  /** Told what deserves the operator's look, once the CSV is read. */
  readonly warn?: (message: string) => void;
  readonly signal: AbortSignal;
}

/** What a CSV held; the state's `InputCounts`. rows = ours + duplicates + rejected + otherPartitions. */
interface PartitionCounts {
  readonly rows: number;
  readonly ours: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly otherPartitions: number;
}

/** The state's `InputReader`, which this room cannot name. */
export interface PartitionInput {
  read(take: (workItems: readonly WorkItem[]) => number): Promise<ReadCsv>;
}

interface ReadCsv {
  readonly csvDigest: string;
  /** As `CsvDigest.sample`. */
  readonly sample: readonly string[];
  readonly counts: PartitionCounts;
}

/**
 * One partition's share of a CSV. Every row of the share is handed on, repeated ones too: only `take`, which sees
 * whole keys, can say without error which are new. The rejected file stands in its place once `read` is through;
 * when it fails, the one from before is left as it was.
 *
 * `read` throws what `ReadWorkItems` throws, ReuploadError `disk-full` and `output-unwritable` for the rejected
 * file, and whatever `take` throws.
 */
export function partitionInput(options: PartitionInputOptions): PartitionInput {
  return {
    async read(take) {
      const rejected = new RejectedRows(options.rejectedPath, ".tmp", redact);
      try {
        const result = await readPartition(options, take, rejected);
        await rejected.publish();
        return result;
      } finally {
        await rejected.discard();
      }
    },
  };
}

async function readPartition(
  { source, signal, warn, ...share }: PartitionInputOptions,
  take: (workItems: readonly WorkItem[]) => number,
  rejectedRows: RejectedRows,
): Promise<ReadCsv> {
  const digest = new CsvDigest();
  const others = new SeenKeys();
  const damaged = new DamagedIds();
  let rows = 0;
  let ours = 0;
  for await (const batch of readWorkItems(source, { signal })) {
    const taken: WorkItem[] = [];
    for (const row of batch) {
      if (row.kind === "rejected") {
        rejectedRows.add(row);
        continue;
      }
      digest.add(row.workItem);
      damaged.look(row.workItem, row.line);
      if (isInShare(row.workItem.workItemId, share)) taken.push(row.workItem);
      else others.add(row.workItem);
    }
    if (taken.length > 0) ours += take(taken);
    await rejectedRows.flush();
    rows += batch.length;
  }
  const warning = damaged.warning("the CSV");
  if (warning !== undefined) warn?.(warning);
  const otherPartitions = others.size;
  const rejected = rejectedRows.count;
  const duplicates = rows - rejected - ours - otherPartitions;
  const counts = { rows, ours, duplicates, rejected, otherPartitions };
  return { csvDigest: digest.toString(), sample: digest.sample(), counts };
}
