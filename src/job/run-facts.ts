/** What the account says of a run, as the picture of it needs it. */
import { makeRunId, type RunKey } from "../machines/blob-names.ts";
import type { MachineView } from "../machines/machine-blob.ts";
import type { PartitionView } from "../machines/machines.ts";
import type { WatchedRun } from "../machines/watch-run.ts";
import type { RecordSummary } from "../machines/record.ts";
import type { JoinedMachine } from "../progress/run-machines.ts";
import type { PartFacts, PartLife, RunFacts, RunPart } from "../progress/run-picture.ts";

/** @param key of the run; a repartition gives it another id */
export function toRunFacts(run: WatchedRun, key: RunKey): RunFacts {
  const { read, partitions, machines, date } = run;
  const { manifest } = read;
  const { digest, fileName, rows, workItems, rejected = 0 } = manifest.csv;
  return {
    runId: makeRunId(key, manifest.generation),
    target: key.target,
    csv: { digest, fileName, rows, workItems, rejected },
    totalPartitions: manifest.totalPartitions,
    mode: manifest.mode,
    queues: manifest.queues,
    isOpening: manifest.state === "opening",
    parts: partitions.map((view) => toPart(view)),
    joined: machines.map((machine) => toJoined(machine)),
    date,
  };
}

/** A lease that was given back, or broken, is of a machine that left. */
function toJoined({ lease, lastModified, ...machine }: MachineView): JoinedMachine {
  const life = lease === "leased" || lease === "breaking" ? "alive" : lease === "expired" ? "dead" : "left";
  return { ...machine, life, toldAt: lastModified };
}

function toPart(view: PartitionView): RunPart {
  const { partition, record, lastModified } = view;
  return {
    partition,
    life: partLife(view),
    facts: record === undefined ? undefined : toFacts(record),
    toldAt: lastModified,
  };
}

/** What may be taken follows from the lease, not from the record's word; what is done is done whatever its lease. */
function partLife({ record, lease }: PartitionView): PartLife {
  if (record?.state === "done") return "done";
  if (lease === "leased" || lease === "breaking") return "alive";
  // Epoch 0: a repartition wrote it.
  if (record === undefined || record.epoch === 0) return "not-started";
  return lease === "expired" ? "dead" : "left";
}

function toFacts(record: RecordSummary): PartFacts {
  const { counts, expectedFiles, filesVanished = 0, filesLeftOut = 0 } = record;
  return {
    host: record.host,
    pid: record.pid,
    stateId: record.stateId,
    since: record.since,
    workItems: {
      total: counts.workItems,
      done: counts.completed,
      empty: counts.empty,
      failed: counts.failedWorkItems,
      skipped: counts.skippedWorkItems,
    },
    files: {
      total: record.state === "done" ? counts.files : expectedFiles?.count,
      isKnown: record.state === "done" || expectedFiles?.isKnown === true,
      lookedUp: counts.files,
      done: counts.filesCompleted,
      failed: counts.filesFailed,
      skipped: counts.filesSkipped,
    },
    runFiles: record.runFiles,
    filesVanished,
    filesLeftOut,
    bytes: counts.bytes,
    failures: record.failures,
    filesPerSecond: record.filesPerSecond,
    workItemsPerMinute: record.workItemsPerMinute,
    isPaused: record.isPaused,
    etaMs: record.etaMs,
  };
}
