/** What this machine's state knows of a partition, as `machines` reads it and tells it to others. */
import { checkpointCounts, decodeCheckpoint, encodeCheckpoint } from "../core/checkpoint.ts";
import type { PartitionFacts } from "../machines/claim.ts";
import type { ProgressView } from "../progress/progress.ts";
import type { StateSummary } from "../state/ledger.ts";
import type { OpenState } from "../state/state-kind.ts";
import { abortAfter, type Surroundings } from "../surroundings/surroundings.ts";

/** How long a checkpoint may take, ms. */
const CHECKPOINT_MS = 25_000;

/** How fast the partition goes on, as others are told. */
export interface Figures {
  first: ProgressView | undefined;
  last: ProgressView | undefined;
}

/** What the state knows of the partition, as `machines` reads and tells it. */
export function stateFacts(
  { run, queue, ledger }: OpenState,
  partition: number,
  figures: Figures,
  surroundings: Surroundings,
): PartitionFacts {
  return {
    async adopt(body) {
      const checkpoint = body === undefined || body.length === 0 ? undefined : decodeCheckpoint(body);
      await queue.admit(partition, checkpoint);
    },
    async checkpoint() {
      const checkpoint = await ledger.checkpoint(partition, {
        signal: abortAfter(surroundings, CHECKPOINT_MS),
      });
      const { workItems, files } = checkpointCounts(checkpoint);
      const failed = checkpoint.failures.filter(({ outcome }) => outcome === "failed");
      return {
        body: encodeCheckpoint(checkpoint),
        isDone: workItems.pending === 0,
        summary: {
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
          failures: Object.fromEntries(failed.map(({ code, files: n, workItems: w }) => [code, n + w])),
          ...shownRates(figures),
          ...shownFiles(ledger.tally(), figures, run.identity.partition === "auto"),
        },
      };
    },
  };
}

function shownRates({ last }: Figures) {
  return {
    filesPerSecond: last?.filesPerSecond ?? 0,
    workItemsPerMinute: last?.workItemsPerMinute ?? 0,
    etaMs: last?.eta?.highMs,
  };
}

/** Files of work items that were not looked up yet are in no checkpoint. @param isAuto the view is of the whole run */
function shownFiles({ drift }: StateSummary, { last }: Figures, isAuto: boolean) {
  const { total: count, totalIsKnown: isKnown = false } = last?.files ?? {};
  const files = count === undefined ? undefined : { count, isKnown };
  return isAuto ? { runFiles: files } : { filesVanished: drift.filesVanished, expectedFiles: files };
}
