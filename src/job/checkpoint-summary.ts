/** What others are told of a checkpoint without reading it. */
import { type Checkpoint, checkpointCounts } from "../core/checkpoint.ts";
import type { RecordSummary } from "../machines/record.ts";

/** Its counts and failures, as the summary of a record has them. */
export function checkpointSummary(
  checkpoint: Checkpoint,
): Pick<RecordSummary, "counts" | "failures" | "filesLeftOut"> {
  const { workItems, files } = checkpointCounts(checkpoint);
  const failed = checkpoint.failures.filter(({ outcome }) => outcome === "failed");
  return {
    counts: {
      workItems: workItems.total,
      completed: workItems.done - workItems.empty,
      empty: workItems.empty,
      failedWorkItems: workItems.failed,
      skippedWorkItems: workItems.skipped,
      files: files.total,
      filesCompleted: files.done,
      filesFailed: files.failed,
      filesSkipped: files.skipped,
      bytes: files.bytes,
    },
    ...(files.leftOut === undefined ? {} : { filesLeftOut: files.leftOut }),
    failures: Object.fromEntries(failed.map(({ code, files: n, workItems: w }) => [code, n + w])),
  };
}

/** Whether nothing of the partition is left to do. */
export function isCheckpointDone(checkpoint: Checkpoint): boolean {
  return checkpointCounts(checkpoint).workItems.pending === 0;
}
