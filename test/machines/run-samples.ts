import type { Manifest } from "../../src/machines/manifest.ts";
import type { RecordSummary } from "../../src/machines/record.ts";

/** An open run of a CSV with 3 rows. */
export function makeManifest({
  totalPartitions = 2,
  generation = 1,
  digest = "3-abc",
}: {
  readonly totalPartitions?: number;
  readonly generation?: number;
  readonly digest?: string;
}): Manifest {
  return {
    generation,
    state: "open",
    highestGeneration: generation,
    former: undefined,
    reopened: 0,
    totalPartitions,
    mode: "fixed",
    hashVersion: 1,
    queues: ["resultsqueue"],
    nameTemplate: "{workItemName}-{fileBaseName}",
    rules: {},
    csv: { digest, rows: 3, workItems: 3, rejected: 0, fileName: "f.csv", sample: [] },
    writer: "w",
    tool: "0.1.0",
  };
}

/** A machine that has begun. */
export function makeSummary(parts: Partial<RecordSummary> = {}): RecordSummary {
  return {
    state: "working",
    host: "machine1",
    pid: 1,
    stateId: "s",
    writerId: "w",
    epoch: 1,
    since: 0,
    counts: {
      workItems: 3,
      completed: 1,
      empty: 0,
      failedWorkItems: 0,
      skippedWorkItems: 0,
      files: 9,
      filesCompleted: 3,
      filesFailed: 0,
      filesSkipped: 0,
      bytes: 0,
    },
    failures: {},
    filesPerSecond: 1,
    workItemsPerMinute: 2,
    etaMs: undefined,
    ...parts,
  };
}
