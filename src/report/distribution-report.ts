/** How a CSV's work items divide among partitions, as `partitions` and `plan` tell it. */
import type { JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

/** As the room `input` gives it. */
export interface DistributionReport {
  readonly partitions: readonly {
    readonly partition: number;
    readonly count: number;
    /** The first work item ids in file order. */
    readonly samples: readonly string[];
  }[];
  /** Distinct work items. */
  readonly total: number;
  /** Data rows; rows = total + duplicates + rejected. */
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Those that are named. */
  readonly firstRejected: readonly { readonly line: number; readonly reason: string }[];
  /** What is doubtful about the CSV, such as ids that a spreadsheet changed. */
  readonly warnings: readonly string[];
}

/** The counts as fields for programs. */
export function distributionJson({
  partitions,
  total,
  rows,
  duplicates,
  rejected,
}: DistributionReport): JsonFields {
  const shares = partitions.map((share) => ({ ...share }));
  return { schemaVersion: SCHEMA_VERSION, partitions: shares, total, rows, duplicates, rejected };
}
