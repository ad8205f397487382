import { choosePartition } from "../../core/partition.ts";
import type { RunIdentity } from "../../core/run-identity.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { STATUS } from "./columns.ts";

/** Which partition a new row belongs to, and whether it is in the queue from the start. */
export interface RowPlace {
  readonly hasPartitions: boolean;
  /** The columns `partition` and `status`. */
  columns(workItem: WorkItem): [partition: number | null, status: number];
}

/** A run that takes partitions as they get free begins with none of them. */
export function rowPlace({
  partition,
  totalPartitions,
}: Pick<RunIdentity, "partition" | "totalPartitions">): RowPlace {
  if (partition !== "auto") return { hasPartitions: false, columns: () => [null, STATUS.pending] };
  return {
    hasPartitions: true,
    columns: ({ workItemId }) => [choosePartition(workItemId, totalPartitions), STATUS.not_mine],
  };
}
