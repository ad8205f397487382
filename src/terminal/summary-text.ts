/** The final summary as text: every row and every file in its class, what failed and why, and what to do next. */
import { FAILURES } from "../core/failure.ts";
import {
  type Account,
  type RunReport,
  type RunVerdict,
  balanceReport,
  judgeReport,
} from "../report/report.ts";
import type { FailureGroup } from "../state/ledger.ts";
import { byteRate, bytes, count, duration, fileRate, quantity, workItemRate } from "./format.ts";
import { printable } from "./printable.ts";
import { type Paint, paint, type TextStyle } from "./style.ts";

/**
 * The lines of the summary. They are not cut to the width: names and the command are there to be copied.
 *
 * @param style its width is not used
 */
export function summaryText(report: RunReport, style: TextStyle): string[] {
  const account = balanceReport(report);
  const verdict = judgeReport(report, account);
  return [
    headline(report, verdict, style),
    "",
    ...rowLines(report, account.rows, style),
    "",
    ...fileLines(report, account.files, style),
    "",
    ...otherLines(report),
    ...nothingFoundLines(account.rows, style),
    ...failureLines(report.failures, style),
    ...gapLines(account, style),
    ...partitionLines(report, verdict),
    ...commandLines(report, style),
  ];
}

const HEADLINES: Record<RunVerdict, { text: string; format: Paint }> = {
  completed: { text: "Completed.", format: "green" },
  limited: { text: "Done as requested", format: "green" },
  "with-failures": { text: "Finished, but not everything is done.", format: "yellow" },
  "too-many-failures": { text: "Stopped early, too many failures", format: "red" },
  stopped: { text: "Stopped", format: "yellow" },
  "internal-error": { text: "Internal error: the counts do not add up.", format: "red" },
};

function headline(report: RunReport, verdict: RunVerdict, style: TextStyle): string {
  const { text, format } = HEADLINES[verdict];
  const why = verdict === "internal-error" ? "" : endingText(report);
  // A sentence that is complete is followed by another one.
  const link = why === "" ? "" : text.endsWith(".") ? " " : ": ";
  return paint(format, text + link + why, style);
}

/** What ended it before everything was done. */
function endingText({ ending, summary }: RunReport): string {
  switch (ending.kind) {
    case "finished":
      return "";
    case "limited": {
      const left = summary.workItems.pending + summary.workItems.in_progress;
      return left === 0 ? "" : `${printable(ending.by)} reached, ${quantity(left, "work item")} left.`;
    }
    case "too-many-failures":
    case "stopped":
      return `${printable(ending.why)}.`;
  }
}

/** A class with its count; the note says where its members are or what the word means. */
interface Line {
  readonly label: string;
  readonly value: number;
  readonly note?: string | undefined;
  /** Painted when there are any. */
  readonly format?: Paint;
}

function rowLines({ rejectedFile, summary }: RunReport, rows: Account["rows"], style: TextStyle): string[] {
  return block({ label: "Rows", value: rows.total }, style, [
    { label: "completed", value: rows.completed, note: doneElsewhere(summary), format: "green" },
    { label: "empty", value: rows.empty, note: "the catalog lists no file for them" },
    { label: "failed", value: rows.failed, note: "a file or the lookup failed", format: "red" },
    { label: "skipped", value: rows.skipped, note: "by control, until reset" },
    { label: "rejected", value: rows.rejected, note: inFile(rejectedFile), format: "red" },
    { label: "duplicates", value: rows.duplicates, note: "repeated rows, processed once" },
    { label: "other partitions", value: rows.otherPartitions },
    { label: "left", value: rows.left, format: "yellow" },
  ]);
}

function fileLines({ summary }: RunReport, files: Account["files"], style: TextStyle): string[] {
  return block({ label: "Files", value: files.total, note: unknownFiles(summary) }, style, [
    { label: "copied", value: files.copied, format: "green" },
    { label: "already there", value: files.alreadyThere, note: "with the same content" },
    { label: "elsewhere", value: files.elsewhere, note: "done by other machines" },
    { label: "failed", value: files.failed, format: "red" },
    { label: "skipped", value: files.skipped, note: "skipped as requested" },
    { label: "left", value: files.left, format: "yellow" },
  ]);
}

function doneElsewhere({ workItems: { elsewhere } }: RunReport["summary"]): string | undefined {
  return elsewhere === 0 ? undefined : `${count(elsewhere)} of them by other machines`;
}

function unknownFiles({ notLookedUp, files }: RunReport["summary"]): string | undefined {
  if (notLookedUp === 0) return undefined;
  const counted = files.expected === 0 ? "" : ` (the catalog counts ${quantity(files.expected, "file")})`;
  return `${quantity(notLookedUp, "work item")} not looked up yet${counted}`;
}

function inFile(path: string | undefined): string | undefined {
  return path === undefined ? undefined : `see ${printable(path)}`;
}

/** A total and its classes, in aligned columns; classes without members are left out. */
export function block(total: Line, style: TextStyle, classes: readonly Line[]): string[] {
  const line = ({ label, value, note, format }: Line, indent: string) => {
    const text = (indent + label).padEnd(20) + count(value).padStart(12);
    const painted = format === undefined ? text : paint(format, text, style);
    return note === undefined ? painted : `${painted}  ${note}`;
  };
  return [line(total, ""), ...classes.filter(({ value }) => value > 0).map((one) => line(one, "  "))];
}

function otherLines({ summary, filter, catalogRejected, thisStart }: RunReport): string[] {
  const { files, drift } = summary;
  const lines = [
    `Announced ${quantity(files.announced, "file")}. This run put ${bytes(summary.bytes)} into the target.`,
  ];
  if (files.uploaded > 0) {
    lines.push(`${quantity(files.uploaded, "file")} in the target not announced yet.`);
  }
  lines.push(...leftOutLines(files, filter));
  if (files.duplicates > 0) {
    lines.push(
      `${quantity(files.duplicates, "repeated entry", "repeated entries")} of the catalog processed once.`,
    );
  }
  if (files.shortened > 0) {
    lines.push(`${quantity(files.shortened, "name")} shortened to the service's limit.`);
  }
  lines.push(...driftLines(drift), ...miscountedLines(thisStart.miscounted));
  if (catalogRejected.count > 0) {
    const { count: rows, file, reason } = catalogRejected;
    const where = file === undefined ? "" : `, ${inFile(file)}`;
    const why = reason === undefined ? "" : `: ${reason}`;
    lines.push(`${quantity(rows, "row")} of the catalog rejected${why}${where === "" ? "." : where}`);
  }
  return [...lines, startLine(thisStart)];
}

/**
 * What the filter leaves out is in none of the classes. One that takes nothing looks like a job well done.
 *
 * @param files `total`: those that the filter takes
 * @param filter undefined: there is none
 */
export function leftOutLines(
  { leftOut, total }: { readonly leftOut: number; readonly total: number },
  filter: string | undefined,
): string[] {
  if (filter === undefined) return [];
  const lines = [`${quantity(leftOut, "file")} left out by ${printable(filter)}.`];
  if (leftOut > 0 && total === 0)
    lines.push("Every file that was found is left out. See whether these options are meant so.");
  return lines;
}

/** Work items and files that came are of this start; what vanished may have done so before. */
function driftLines({ workItems, filesAdded, filesVanished }: RunReport["summary"]["drift"]): string[] {
  const lines: string[] = [];
  if (workItems > 0) {
    const more = filesAdded > 0 ? `: ${quantity(filesAdded, "more file")}` : "";
    const what = filesAdded + filesVanished > 0 ? more : ": different links or names";
    lines.push(`${quantity(workItems, "work item")} changed since an earlier lookup${what}.`);
  }
  if (filesVanished > 0) {
    lines.push(`${quantity(filesVanished, "file")} of an earlier lookup no longer in the catalog.`);
  }
  return lines;
}

/** A CSV whose ids are not the catalog's looks like a job well done: no work item has a file, and nothing failed. */
export function nothingFoundLines(
  { empty, completed, failed }: Pick<Account["rows"], "empty" | "completed" | "failed">,
  style: TextStyle,
): string[] {
  if (empty === 0 || completed + failed > 0) return [];
  const what = "No work item that was looked up has a file in the catalog.";
  const why = "See whether the CSV's ids are the catalog's: a spreadsheet may have changed them.";
  return [paint("yellow", `${what} ${why}`, style)];
}

/** Nothing failed; but an answer that lacks rows looks like this, and so does a catalog that changes. */
function miscountedLines({ workItems, counted, listed }: RunReport["thisStart"]["miscounted"]): string[] {
  if (workItems === 0) return [];
  const what = `${quantity(workItems, "work item")}: the catalog counted ${quantity(counted, "file")}, its lookup listed ${count(listed)}.`;
  return [`${what} Resume later: what the catalog lists then joins the run.`];
}

function startLine(start: RunReport["thisStart"]): string {
  const { elapsedMs, files, workItems, bytes: amount, retries, throttles, hedges, linksRenewed } = start;
  const seconds = elapsedMs / 1_000;
  const rates =
    seconds > 0
      ? [fileRate(files / seconds), workItemRate((workItems / seconds) * 60), byteRate(amount / seconds)]
      : [];
  return `This start: ${[
    quantity(files, "file"),
    quantity(workItems, "work item"),
    bytes(amount),
    duration(elapsedMs),
    ...rates,
    quantity(retries, "retry", "retries"),
    `throttled ${quantity(throttles, "time")}`,
    ...(hedges > 0 ? [`${quantity(hedges, "slow request")} sent twice`] : []),
    ...(linksRenewed > 0 ? [`${quantity(linksRenewed, "link")} renewed`] : []),
  ].join(", ")}.`;
}

/**
 * Failed and skipped files and work items, a section each, grouped by code with examples; no lines when there are
 * none.
 */
export function failureLines(groups: readonly FailureGroup[], style: TextStyle): string[] {
  const section = (title: string, outcome: FailureGroup["outcome"], format: Paint) => {
    const chosen = groups.filter((group) => group.outcome === outcome);
    if (chosen.length === 0) return [];
    return ["", paint("bold", title, style), ...chosen.flatMap((group) => groupLines(group, format, style))];
  };
  return [...section("Failed", "failed", "red"), ...section("Skipped", "skipped", "yellow")];
}

function groupLines(group: FailureGroup, format: Paint, style: TextStyle): string[] {
  const { meaning, advice } = FAILURES[group.code];
  const parts = [];
  if (group.files > 0) parts.push(quantity(group.files, "file"));
  if (group.workItems > 0) parts.push(quantity(group.workItems, "work item"));
  const more = group.files + group.workItems - group.samples.length;
  return [
    `  ${paint(format, `${group.code}: ${parts.join(", ")}`, style)} - ${meaning}`,
    ...(group.outcome === "failed" ? [`    What to do: ${advice}`] : []),
    ...group.samples.map((sample) => `    ${sampleText(sample)}`),
    ...(more > 0 && group.samples.length > 0 ? [`    and ${count(more)} more`] : []),
  ];
}

function sampleText({
  jobId,
  workItemId,
  fileName,
  message,
  requestId,
}: FailureGroup["samples"][number]): string {
  const where = [`job ${jobId}`, `work item ${workItemId}`, ...(fileName === undefined ? [] : [fileName])];
  const request = requestId === undefined ? "" : ` (request id ${requestId})`;
  return printable(`${where.join(", ")}: ${message}${request}`);
}

function gapLines({ gaps }: Account, style: TextStyle): string[] {
  if (gaps.length === 0) return [];
  return [
    "",
    paint("red", "Not accounted for", style),
    ...gaps.map((gap) => `  ${gap}`),
    "  This is an internal error of reupload. Please report it with the log. The state is saved.",
  ];
}

function partitionLines({ partition, totalPartitions }: RunReport, verdict: RunVerdict): string[] {
  // What other machines have is told behind the summary.
  if (totalPartitions === 1 || partition === "auto") return [];
  const state = verdict === "completed" ? "is done" : "is not done yet";
  return [
    "",
    `Partition ${partition} of ${totalPartitions} ${state}. Each other partition has its own summary.`,
  ];
}

function commandLines({ nextCommand }: RunReport, style: TextStyle): string[] {
  return nextCommand === undefined ? [] : ["", "To do the rest:", `  ${paint("bold", nextCommand, style)}`];
}
