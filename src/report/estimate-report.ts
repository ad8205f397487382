/** `plan --estimate`: how many machines, and how long. */
import type { EstimateRow } from "../progress/progress.ts";
import type { JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

export interface EstimateReport {
  readonly workItems: number;
  readonly filesPerWorkItem: number;
  /** Nobody said how many files a work item has. */
  readonly isFilesAssumed: boolean;
  /** Of one machine, files/s. */
  readonly filesPerSecond: number;
  /** Where the rate comes from, such as `--rate` or `machine1_state.db`. */
  readonly rateFrom: string;
  /** File slots with which it was measured; undefined: not known. */
  readonly slots: number | undefined;
  /** What the run should end within, ms. */
  readonly withinMs: number;
  readonly rows: readonly EstimateRow[];
  /** The operator's rate of an older tool, files/s. */
  readonly olderFilesPerSecond: number | undefined;
}

/** The report for programs; times in ms. */
export function estimateJson({ rows, slots, olderFilesPerSecond, ...rest }: EstimateReport): JsonFields {
  const rounded = rows.map(({ lowMs, highMs, speedUp, filesPerSecond, ...row }) => ({
    ...row,
    filesPerSecond: Math.round(filesPerSecond * 10) / 10,
    lowMs: Math.round(lowMs),
    highMs: Math.round(highMs),
    speedUp: Math.round(speedUp * 100) / 100,
  }));
  return {
    schemaVersion: SCHEMA_VERSION,
    ...rest,
    slots: slots ?? null,
    olderFilesPerSecond: olderFilesPerSecond ?? null,
    rows: rounded,
  };
}
