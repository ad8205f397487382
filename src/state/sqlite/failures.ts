import type { StatementSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import type { FailureGroup } from "../state-store.ts";
import { fromTextColumn, type TextColumn } from "./columns.ts";
import { FACT } from "./facts.ts";
import type { FileEntry } from "./open-work-item.ts";
import { allRows, type Statements } from "./statements.ts";

const SAMPLES = 5;
const OUTCOMES = FACT.failed | FACT.skipped;

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
  files: number;
  work_items: number;
}

/** The table `failure_count`: kept in memory, and written in the same commit as the events that moved it. */
export class FailureCounts {
  readonly #counts = new Map<string, CountRow>();
  readonly #changed = new Set<CountRow>();

  constructor(statements: Statements) {
    for (const row of allRows<CountRow>(statements.findFailureCounts)) {
      this.#counts.set(`${row.outcome} ${row.code}`, row);
    }
  }

  /** Counts a file in (`sign` 1) or out (-1), if it failed or was skipped. */
  countFile({ facts, code }: Pick<FileEntry, "facts" | "code">, sign: 1 | -1): void {
    if (!(facts & OUTCOMES) || code === null) return;
    this.#change(facts & OUTCOMES, code).files += sign;
  }

  /** Counts a work item that failed as a whole. */
  countWorkItem(code: FailureCode): void {
    this.#change(FACT.failed, code).work_items++;
  }

  #change(outcome: number, code: FailureCode): CountRow {
    const key = `${outcome} ${code}`;
    const row = this.#counts.get(key) ?? { outcome, code, files: 0, work_items: 0 };
    this.#counts.set(key, row);
    this.#changed.add(row);
    return row;
  }

  writeTo(statements: Statements): void {
    for (const { outcome, code, files, work_items: workItems } of this.#changed) {
      statements.putFailureCount.run(outcome, code, files, workItems);
    }
  }

  /** Forgets what changed, once it is committed. */
  written(): void {
    this.#changed.clear();
  }
}

type FailureStatements = Readonly<
  Record<"findFailureCounts" | "sampleFileFailures" | "sampleWorkItemFailures", StatementSync>
>;

/** Failures and skips by outcome and code, most first; reads the counts and the samples, nothing else. */
export function failureGroups(statements: FailureStatements): FailureGroup[] {
  return allRows<CountRow>(statements.findFailureCounts)
    .map(({ outcome, code, files, work_items: workItems }): FailureGroup => {
      const samples = [
        ...(files > 0 ? allRows<SampleRow>(statements.sampleFileFailures, code, outcome) : []),
        ...(workItems > 0 ? allRows<SampleRow>(statements.sampleWorkItemFailures, code) : []),
      ];
      return {
        code,
        outcome: outcome & FACT.skipped ? "skipped" : "failed",
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
