import type { StatementSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import { FACT } from "../ledger/facts.ts";
import type { FailureCount } from "../ledger/failure-counts.ts";
import type { FailureGroup } from "../ledger.ts";
import { fromTextColumn, type TextColumn } from "./columns.ts";
import { allRows, type Statements } from "./statements.ts";

const SAMPLES = 5;
type Sample = FailureGroup["samples"][number];

interface SampleRow {
  readonly job_id: string;
  readonly work_item_id: string;
  readonly name?: TextColumn;
  readonly message: string;
  readonly request_id: string | null;
}

interface CountRow {
  /** `FACT.failed` or `FACT.skipped`. */
  readonly outcome: number;
  readonly code: FailureCode;
  readonly files: number;
  readonly work_items: number;
}

/** The table `failure_count`. */
export function readFailureCounts(statements: Pick<Statements, "findFailureCounts">): FailureCount[] {
  return allRows<CountRow>(statements.findFailureCounts).map((row) => ({
    outcome: row.outcome & FACT.skipped ? "skipped" : "failed",
    code: row.code,
    files: row.files,
    workItems: row.work_items,
  }));
}

/** In the caller's transaction. */
export function writeFailureCounts(statements: Statements, changed: Iterable<FailureCount>): void {
  for (const { outcome, code, files, workItems } of changed) {
    statements.putFailureCount.run(FACT[outcome], code, files, workItems);
  }
}

type FailureStatements = Readonly<
  Record<"findFailureCounts" | "sampleFileFailures" | "sampleWorkItemFailures", StatementSync>
>;

/** Failures and skips by outcome and code, most first; reads the counts and the samples, nothing else. */
export function failureGroups(statements: FailureStatements): FailureGroup[] {
  return readFailureCounts(statements)
    .map(({ outcome, code, files, workItems }): FailureGroup => {
      const samples = [
        ...(files > 0 ? allRows<SampleRow>(statements.sampleFileFailures, code, FACT[outcome]) : []),
        ...(workItems > 0 ? allRows<SampleRow>(statements.sampleWorkItemFailures, code) : []),
      ];
      return {
        code,
        outcome,
        files,
        workItems,
        samples: samples.slice(0, SAMPLES).map(toSample),
      };
    })
    .toSorted((a, b) => b.files + b.workItems - (a.files + a.workItems));
}

function toSample(row: SampleRow): Sample {
  return {
    jobId: row.job_id,
    workItemId: row.work_item_id,
    fileName: row.name === undefined ? undefined : fromTextColumn(row.name),
    message: row.message,
    requestId: row.request_id ?? undefined,
  };
}
