/** Facts of partitions of a simulated run: a set of completed work items, as JSON. */
import type { PartitionFacts } from "../../src/machines/claim.ts";

/** @param done completed work items of the machine's state, of all its partitions */
export function simulatedFacts(
  mine: readonly string[],
  done: Set<string>,
  onEpoch: (epoch: number) => void = () => {},
): PartitionFacts {
  return {
    adopt: async (body, epoch) => {
      onEpoch(epoch);
      if (body === undefined) return;
      for (const item of readDone(body)) done.add(item);
    },
    checkpoint: async () => {
      const completed = mine.filter((item) => done.has(item));
      return {
        body: Buffer.from(JSON.stringify({ done: completed })),
        isDone: completed.length === mine.length,
        summary: simulatedSummary(mine.length, completed.length),
      };
    },
  };
}

export function readDone(body: Uint8Array): string[] {
  return (JSON.parse(Buffer.from(body).toString()) as { done: string[] }).done;
}

export function simulatedSummary(workItems: number, completed: number) {
  return {
    counts: {
      workItems,
      completed,
      empty: 0,
      failedWorkItems: 0,
      skippedWorkItems: 0,
      files: workItems,
      filesCompleted: completed,
      filesFailed: 0,
      filesSkipped: 0,
      bytes: 0,
    },
    failures: {},
    filesPerSecond: 1,
    workItemsPerMinute: 60,
    etaMs: undefined,
  };
}
