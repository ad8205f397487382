/** What `reupload import-state` did, as text. */
import { doubtText, type ImportReport } from "../report/report.ts";
import { count, quantity } from "./format.ts";
import { printable } from "./printable.ts";

/** The lines of the report. */
export function importText(report: ImportReport): string[] {
  const { original, files, workItems, input, nextCommand } = report;
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
    `To continue: ${nextCommand}`,
  ];
}

function some(number: number, noun: string, what: string): string[] {
  return number === 0 ? [] : [`  ${quantity(number, noun)} ${what}`];
}
