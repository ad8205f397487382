/** Runs as their records tell them. */
import type { LeaseStatus } from "../../src/machines/coordination-account.ts";
import type { RunView } from "../../src/machines/machines.ts";
import type { RecordCounts, RecordSummary } from "../../src/machines/record.ts";

const COUNTS: RecordCounts = {
  workItems: 10,
  completed: 0,
  empty: 0,
  failedWorkItems: 0,
  skippedWorkItems: 0,
  files: 0,
  filesCompleted: 0,
  filesFailed: 0,
  filesSkipped: 0,
  bytes: 0,
};

export interface RecordSketch extends Partial<Omit<RecordSummary, "counts">> {
  readonly counts?: Partial<RecordCounts>;
  readonly lease?: LeaseStatus;
}

/** A run whose partitions have these records; undefined: nobody has begun it. */
export function runOf(records: readonly (RecordSketch | undefined)[]): RunView {
  const partitions = records.map((sketch, partition) => {
    const { lease = "available", counts, ...rest } = sketch ?? {};
    const record: RecordSummary | undefined = sketch && {
      state: "working",
      host: "host",
      pid: 1,
      stateId: "state",
      writerId: "writer",
      epoch: 1,
      since: 0,
      failures: {},
      filesPerSecond: 0,
      workItemsPerMinute: 0,
      etaMs: undefined,
      ...rest,
      counts: { ...COUNTS, ...counts },
    };
    return { partition, lease, record, lastModified: 0 };
  });
  const manifest = { totalPartitions: records.length, mode: "auto" } as RunView["read"]["manifest"];
  return { read: { manifest, etag: "", lastModified: 0, date: 0 }, partitions, date: 0 };
}
