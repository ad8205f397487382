/** What an import gave, as text and JSON. */
import type { ImportDoubt, ImportReport } from "../import/import.ts";
import type { InputCounts } from "../state/run-record.ts";
import { count, quantity } from "../terminal/format.ts";
import { jsonText } from "../report/json-forms.ts";
import { printable } from "../terminal/printable.ts";
import { SCHEMA_VERSION } from "../report/messages.ts";

/** @param next the command that goes on */
export function importJson(report: ImportReport, input: InputCounts, next: string): string {
  const { original, files, workItems } = report;
  return jsonText({
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
    warnings: report.doubts.map((doubt) => doubtText(doubt)),
    nextCommand: next,
  });
}

/** @param next the command that goes on */
export function importText(report: ImportReport, input: InputCounts, next: string): string[] {
  const { original, files, workItems } = report;
  return [
    `Taken over: ${count(files.takenOver)} of ${quantity(files.completed, "file")} that the old states call completed.`,
    ...some(files.notListed, "file", "not in the catalog under this name and link"),
    ...some(files.refused, "file", "whose target name is not allowed or belongs to another file"),
    ...some(files.ofUnknownWorkItems, "file", "of work items that are not in the CSV"),
    ...some(files.notLookedUp, "file", "whose work item could not be looked up"),
    `Work items: ${count(workItems.known)} of ${count(input.ours)} in the CSV are in the old states; all are pending.`,
    ...some(workItems.unknown, "work item", "of the old states not in the CSV"),
    ...some(original.otherPartitions, "work item", "of other partitions, left out"),
    ...some(
      workItems.completedWithFilesMissing,
      "work item",
      "called completed although files are missing; the run sends these files",
    ),
    ...some(original.stuckWorkItems, "work item", "stuck in progress"),
    ...some(
      original.stuckFiles,
      "file",
      "stuck in progress; the run sends them again or finds them in the target",
    ),
    ...some(original.unusableRows, "row", "of the old states without a work item, a job or a file name"),
    ...some(workItems.lookupsFailed, "work item", "not looked up: the run tries them again"),
    ...workItems.failedLookups.map(({ workItem: { jobId, workItemId }, message }) =>
      printable(`    ${jobId}/${workItemId}: ${message}`),
    ),
    ...some(input.rejected, "row", "of the CSV rejected"),
    ...report.doubts.map((doubt) => printable(`warning: ${doubtText(doubt)}`)),
    `To continue: ${next}`,
  ];
}

function doubtText(doubt: ImportDoubt): string {
  switch (doubt.kind) {
    case "in-use":
      return `${doubt.path} ${doubt.why}: the import does not contain what was written to it after it was read. End the original tool, then import again into a new state`;
    case "nothing-shared":
      return "the old states contain no work item of the CSV: is it the CSV of this batch, and are its columns correct?";
    case "nothing-taken-over":
      return "the catalog contains none of the completed files: is it the catalog of this batch?";
  }
}

function some(number: number, noun: string, what: string): string[] {
  return number === 0 ? [] : [`  ${quantity(number, noun)} ${what}`];
}
