import { type Checkpoint, type CheckpointFailure, withLeftOut } from "../../core/checkpoint.ts";
import type { FailureCode } from "../../core/failure.ts";
import type { PartitionRecord } from "../ledger/admission.ts";
import { FACT } from "../ledger/facts.ts";
import { readFailureCounts } from "./failures.ts";
import { allRows, firstRow } from "./statements.ts";
import { readCounters, type Writing } from "./writing.ts";

interface Figures {
  readonly figures: Checkpoint["files"];
  readonly failures: readonly CheckpointFailure[];
  /** Work items that are empty here. */
  readonly empty: number;
}

/** What a state's figures are read from: its own connection, or a snapshot of it. */
type Readable = Pick<Writing, "run" | "context" | "statements">;

/** The committed numbers of files of one partition, and its failures by code. */
export function partitionFigures(writing: Readable, partition: number, record: PartitionRecord): Figures {
  const isAuto = writing.run.identity.partition === "auto";
  const known = isAuto ? figuresOfOne(writing, partition, record) : figuresOfWhole(writing);
  const leftOut = countLeftOut(writing, partition, record);
  return { ...known, figures: { ...known.figures, ...withLeftOut(leftOut) } };
}

/** Of the work items that are done: the others are looked up again, here or by another machine. */
function countLeftOut(
  { run: { identity }, statements }: Readable,
  partition: number,
  { leftOutElsewhere }: PartitionRecord,
): number {
  if (identity.filter === undefined) return 0;
  type Row = { files: number | null };
  if (identity.partition === "auto") {
    return firstRow<Row>(statements.leftOutOfPartition, partition)?.files ?? 0;
  }
  const unfinished = firstRow<Row>(statements.leftOutUnfinished)?.files ?? 0;
  return readCounters(statements).files_left_out - leftOutElsewhere - unfinished;
}

/** All that the state counts. */
function figuresOfWhole({ statements }: Readable): Figures {
  const counters = readCounters(statements);
  return {
    figures: {
      total: counters.files_total,
      done: counters.files_copied + counters.files_already_there + counters.files_elsewhere,
      failed: counters.files_failed,
      skipped: counters.files_skipped,
      bytes: counters.bytes,
    },
    empty: counters.work_items_empty,
    failures: readFailureCounts(statements).filter(({ files, workItems }) => files > 0 || workItems > 0),
  };
}

/** Added up from the partition's work items; files are looked at only where some failed or are not all done. */
function figuresOfOne(
  { statements, context }: Readable,
  partition: number,
  record: PartitionRecord,
): Figures {
  type Sums = { total: number | null; done: number | null; empty: number };
  const sums = firstRow<Sums>(statements.sumsOfPartition, partition);
  const failures = new Map<string, CheckpointFailure & { files: number; workItems: number }>();
  const failure = (outcome: "failed" | "skipped", code: FailureCode) => {
    const found = failures.get(`${outcome} ${code}`) ?? { outcome, code, files: 0, workItems: 0 };
    failures.set(`${outcome} ${code}`, found);
    return found;
  };
  let skippedInFinished = 0;
  const byOutcome = { failed: 0, skipped: 0 };
  type FileRow = { outcome: number; code: FailureCode; finished: number; files: number };
  for (const row of allRows<FileRow>(statements.fileFailuresOfPartition, partition)) {
    const outcome = row.outcome & FACT.skipped ? "skipped" : "failed";
    failure(outcome, row.code).files += row.files;
    byOutcome[outcome] += row.files;
    if (outcome === "skipped" && row.finished) skippedInFinished += row.files;
  }
  type WorkItemRow = { code: FailureCode; work_items: number };
  for (const row of allRows<WorkItemRow>(statements.workItemFailuresOfPartition, partition)) {
    failure("failed", row.code).workItems += row.work_items;
  }
  const open = firstRow<{ files: number }>(statements.completedInUnfinished, partition)?.files ?? 0;
  return {
    figures: {
      total: (sums?.total ?? 0) + record.filesElsewhere,
      done: (sums?.done ?? 0) - skippedInFinished + open + record.filesElsewhere,
      ...byOutcome,
      bytes: context.bytes.of(partition) ?? storedBytes(statements, partition),
    },
    failures: [...failures.values()],
    empty: sums?.empty ?? 0,
  };
}

/** Bytes that the partition's stored files put into the target. Looks at each of them. */
export function storedBytes({ bytesOfPartition }: Writing["statements"], partition: number): number {
  return firstRow<{ bytes: number }>(bytesOfPartition, partition)?.bytes ?? 0;
}
