import type { FailureCode } from "../../core/failure.ts";
import type { FailureGroup } from "../state-store.ts";
import { fromTextColumn, type TextColumn } from "./columns.ts";
import { FACT } from "./facts.ts";
import { allRows, type Statements } from "./statements.ts";

const SAMPLES = 5;

type Sample = FailureGroup["samples"][number];
type OpenGroup = { -readonly [Field in keyof FailureGroup]: FailureGroup[Field] };

interface SampleRow {
  readonly job_id: string;
  readonly work_item_id: string;
  readonly name?: TextColumn;
  readonly message: string;
  readonly request_id: string | null;
}

/** Failures and skips by outcome and code, most first; reads the rows of what failed or was skipped, no others. */
export function failureGroups(statements: Statements): FailureGroup[] {
  const groups = new Map<string, OpenGroup>();
  const groupOf = (code: FailureCode, outcome: FailureGroup["outcome"]): OpenGroup => {
    const key = `${outcome} ${code}`;
    const group = groups.get(key) ?? { code, outcome, files: 0, workItems: 0, samples: [] };
    groups.set(key, group);
    return group;
  };

  const ofFiles = allRows<{ code: FailureCode; outcome: number; files: number }>(
    statements.groupFileFailures,
  );
  for (const { code, outcome, files } of ofFiles) {
    const group = groupOf(code, outcome & FACT.skipped ? "skipped" : "failed");
    group.files += files;
    addSamples(group, allRows<SampleRow>(statements.sampleFileFailures, code, outcome));
  }
  const ofWorkItems = allRows<{ code: FailureCode; work_items: number }>(statements.groupWorkItemFailures);
  for (const { code, work_items: workItems } of ofWorkItems) {
    const group = groupOf(code, "failed");
    group.workItems += workItems;
    addSamples(group, allRows<SampleRow>(statements.sampleWorkItemFailures, code));
  }
  return [...groups.values()].toSorted((a, b) => b.files + b.workItems - (a.files + a.workItems));
}

function addSamples(group: OpenGroup, rows: readonly SampleRow[]): void {
  group.samples = [...group.samples, ...rows.map(toSample)].slice(0, SAMPLES);
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
