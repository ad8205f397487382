import { SeenKeys } from "../core/csv-digest.ts";
import { DamagedIds } from "../core/damaged-ids.ts";
import { choosePartition } from "../core/partition.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { InputSource, RejectedRow } from "./input.ts";
import { readWorkItems } from "./read-csv.ts";

/** Samples shown of each partition. */
const SAMPLES = 2;
/** Rejected rows that are named; all are counted. */
const NAMED_REJECTS = 5;

/** How a CSV's work items divide among partitions. */
export interface Distribution {
  readonly partitions: readonly {
    readonly partition: number;
    readonly count: number;
    /** The first work item ids in file order. */
    readonly samples: readonly string[];
  }[];
  /** Distinct work items. */
  readonly total: number;
  /** Data rows; rows = total + duplicates + rejected. */
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly firstRejected: readonly RejectedRow[];
  /** What deserves the operator's look. */
  readonly warnings: readonly string[];
}

/**
 * Reads a CSV and counts its distinct work items by partition.
 *
 * @param onWorkItems told each batch of distinct work items with their partitions, and awaited
 * @throws ReuploadError as `ReadWorkItems`
 */
export async function countPartitions(
  source: InputSource,
  total: number,
  options: {
    readonly signal: AbortSignal;
    readonly onWorkItems?: (items: readonly { workItem: WorkItem; partition: number }[]) => Promise<void>;
  },
): Promise<Distribution> {
  const partitions = Array.from({ length: total }, (_, partition) => ({
    partition,
    count: 0,
    samples: [] as string[],
  }));
  const seen = new SeenKeys();
  const damaged = new DamagedIds();
  const firstRejected: RejectedRow[] = [];
  let rows = 0;
  let rejected = 0;
  for await (const batch of readWorkItems(source, { signal: options.signal })) {
    const items: { workItem: WorkItem; partition: number }[] = [];
    rows += batch.length;
    for (const row of batch) {
      if (row.kind === "row") damaged.look(row.workItem, row.line);
      if (row.kind === "rejected") {
        if (rejected++ < NAMED_REJECTS) firstRejected.push(row);
      } else if (seen.add(row.workItem)) {
        const { workItem } = row;
        const partition = choosePartition(workItem.workItemId, total);
        const share = partitions[partition];
        if (share === undefined) throw new RangeError(`partition ${partition} of ${total}`);
        share.count++;
        if (share.samples.length < SAMPLES) share.samples.push(workItem.workItemId);
        items.push({ workItem, partition });
      }
    }
    await options.onWorkItems?.(items);
  }
  const duplicates = rows - rejected - seen.size;
  const warnings = [damaged.warning("the CSV")].filter((warning) => warning !== undefined);
  return { partitions, total: seen.size, rows, duplicates, rejected, firstRejected, warnings };
}
