/** What `reupload import-state` did: what its text, its JSON and its exit code are made from. */
import type { WorkItem } from "../core/work-item.ts";
import type { OriginalCounts } from "../state/original-states.ts";
import type { InputCounts } from "../state/run-record.ts";
import type { JsonFields } from "./json-forms.ts";
import { SCHEMA_VERSION } from "./messages.ts";

type Counts<Name extends string> = Readonly<Record<Name, number>>;

/** As the room `import` gives it, where the counts are told. */
export interface ImportReport {
  readonly original: OriginalCounts;
  readonly doubts: readonly ImportDoubt[];
  readonly files: Counts<
    "completed" | "takenOver" | "notListed" | "refused" | "ofUnknownWorkItems" | "notLookedUp"
  >;
  readonly workItems: Counts<"known" | "unknown" | "completedWithFilesMissing" | "lookupsFailed"> & {
    readonly failedLookups: readonly { readonly workItem: WorkItem; readonly message: string }[];
  };
  /** The rows of the CSV. */
  readonly input: InputCounts;
  /** The command that goes on. */
  readonly nextCommand: string;
}

type ImportDoubt =
  | { readonly kind: "in-use"; readonly path: string; readonly why: string }
  | { readonly kind: "nothing-shared" }
  | { readonly kind: "nothing-taken-over" };

/** The report as fields for programs. */
export function importJson({
  original,
  doubts,
  files,
  workItems,
  input,
  nextCommand,
}: ImportReport): JsonFields {
  return {
    schemaVersion: SCHEMA_VERSION,
    type: "imported",
    original: { ...original },
    files: { ...files },
    workItems: {
      inCsv: input.ours,
      known: workItems.known,
      unknown: workItems.unknown,
      completedWithFilesMissing: workItems.completedWithFilesMissing,
      lookupsFailed: workItems.lookupsFailed,
    },
    rejectedRows: input.rejected,
    warnings: doubts.map((doubt) => doubtText(doubt)),
    nextCommand,
  };
}

/** What is doubtful, and what to do about it. */
export function doubtText(doubt: ImportDoubt): string {
  switch (doubt.kind) {
    case "in-use":
      return `${doubt.path} ${doubt.why}: the import does not contain what was written to it after it was read. End the original tool, then import again into a new state`;
    case "nothing-shared":
      return "the old states contain no work item of the CSV: is it the CSV of this batch, and are its columns correct?";
    case "nothing-taken-over":
      return "the catalog contains none of the completed files: is it the catalog of this batch?";
  }
}
