/** What the checkpoints of a run prove of its CSV: the account's own record, for who has no states. */
import { isBitSet } from "../core/bitmap.ts";
import { type Checkpoint, checkpointCounts, isOverRows } from "../core/checkpoint.ts";
import { readCheckpointState } from "../core/checkpoint-states.ts";
import { compareKeys, type WorkItem, workItemKey } from "../core/work-item.ts";
import { choosePartition } from "../core/partition.ts";
import type { PartitionProof } from "./state-records.ts";
import type { SurveyedRows } from "./verify-rows.ts";
import type { RunRecords } from "./verify.ts";

/** A partition as the account has it. */
export interface PartitionRecord {
  readonly partition: number;
  /** undefined: nobody has worked on it. */
  readonly checkpoint: Checkpoint | undefined;
  /** A machine has it now. */
  readonly isHeld: boolean;
}

/** @param records of all partitions */
export function proveByCheckpoints(records: readonly PartitionRecord[], rows: SurveyedRows): PartitionProof {
  const open: string[] = [];
  let workItemsDone = 0;
  for (const { partition, checkpoint, isHeld } of records) {
    const told = describeOpen(checkpoint, rows.partitions[partition] ?? { count: 0, digest: "" });
    if (told.length === 0 || isFitting(checkpoint, rows, partition)) {
      workItemsDone += checkpoint === undefined ? 0 : checkpointCounts(checkpoint).workItems.done;
    }
    if (isHeld && told.length > 0) told.push("a machine works on it");
    if (told.length > 0) open.push(`partition ${partition}: ${told.join(", ")}`);
  }
  return {
    by: "account",
    totalPartitions: records.length,
    workItemsDone,
    workItems: rows.workItems,
    open,
    toResume: [],
  };
}

function isFitting(checkpoint: Checkpoint | undefined, rows: SurveyedRows, partition: number): boolean {
  const own = rows.partitions[partition];
  return checkpoint !== undefined && own !== undefined && isOverRows(checkpoint, own);
}

function describeOpen(checkpoint: Checkpoint | undefined, rows: Checkpoint["rows"]): string[] {
  if (checkpoint === undefined) return rows.count === 0 ? [] : ["nobody has begun it"];
  if (!isOverRows(checkpoint, rows)) {
    return [`its record is over ${checkpoint.rows.count} other rows than the ${rows.count} of this CSV`];
  }
  const { pending, failed, skipped } = checkpointCounts(checkpoint).workItems;
  const parts = [
    [pending, "not done"],
    [failed, "failed"],
    [skipped, "skipped"],
  ] as const;
  return parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}

/**
 * What the checkpoints record of files. The keys of the partitions that are not done are kept in memory.
 *
 * @param workItems all of the CSV, each key once
 */
export async function recordsOfCheckpoints(
  records: readonly PartitionRecord[],
  rows: SurveyedRows,
  workItems: AsyncIterable<readonly WorkItem[]>,
): Promise<RunRecords> {
  const unfinished = new Map(
    records
      .filter(({ partition, checkpoint }) => {
        const own = rows.partitions[partition];
        return own !== undefined && describeOpen(checkpoint, own).length > 0;
      })
      .map((record) => [record.partition, { ...record, keys: [] as WorkItem[] }]),
  );
  const total = records.length;
  if (unfinished.size > 0) {
    for await (const batch of workItems) {
      for (const workItem of batch) {
        unfinished.get(choosePartition(workItem.workItemId, total))?.keys.push(workItem);
      }
    }
  }
  const notDone = new Map<string, { readonly checkpoint: Checkpoint | undefined; readonly place: number }>();
  for (const { checkpoint, keys } of unfinished.values()) {
    for (const [place, workItem] of keys.sort(compareKeys).entries()) {
      const state = checkpoint === undefined ? "pending" : readCheckpointState(checkpoint.states, place);
      if (state !== "done") notDone.set(workItemKey(workItem), { checkpoint, place });
    }
  }
  return {
    async read(workItem) {
      const open = notDone.get(workItemKey(workItem));
      const unknown = { isSkipped: () => false, bytesOf: () => undefined };
      if (open === undefined) return { ...unknown, whyNotAnnounced: () => undefined };
      const known = open.checkpoint?.open.find(({ place }) => place === open.place);
      return {
        ...unknown,
        whyNotAnnounced(_file, place, receipt) {
          const isSame = known?.receipt.count === receipt.count && known.receipt.digest === receipt.digest;
          if (known !== undefined && isSame && isBitSet(known.completed, place)) return undefined;
          return "the record of its partition does not say that it is completed";
        },
      };
    },
  };
}
