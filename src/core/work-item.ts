/**
 * The words of this product, spelled one way in code, command line, tables, logs and docs.
 *
 * - work item: one unit of a batch that failed to publish its files; key `(jobId, workItemId)`
 * - file: one result file of a work item: `fileName` and the `uri` of its source blob
 * - catalog: answers "which files does this work item have?"
 * - source: where the bytes are read
 * - target: the container that must hold every file, and the queue that must be told
 * - announcement: the queue message that names a blob, sent once the blob is there
 * - receipt: what a work item's lookup gave: count and digest of names and links without query
 * - claim: a work item held by one worker until it is done or given back
 * - slot: the right to have one file in flight
 * - start: one process's turn at a run, from its launch to its end
 * - survey, recheck: counting the files of work items not looked up yet; looking again at completed ones
 * - drift: what a later lookup gives otherwise than the receipt
 * - gate: what lets requests to one service through: brake, pacing, learned rate
 * - checkpoint: what is committed of one partition, for another machine to go on from
 * - partition: one of N disjoint, complete shares of the CSV
 * - machine: one running process with its own state database
 * - run: one CSV + one target + one partitioning; has a run id
 */
export interface WorkItem {
  readonly jobId: string;
  readonly workItemId: string;
  /** The display name that the CSV gives; empty when it gives none. */
  readonly workItemName: string;
}

/** The identity of a work item as one string. NUL cannot occur in an id: the CSV reader rejects it. */
export function workItemKey(workItem: Pick<WorkItem, "jobId" | "workItemId">): string {
  return `${workItem.jobId}\0${workItem.workItemId}`;
}

/** The order of keys in checkpoints: bytes of the job id in UTF-8, then of the work item id. */
export function compareKeys(
  a: Pick<WorkItem, "jobId" | "workItemId">,
  b: Pick<WorkItem, "jobId" | "workItemId">,
): number {
  return compareBytes(a.jobId, b.jobId) || compareBytes(a.workItemId, b.workItemId);
}

function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
