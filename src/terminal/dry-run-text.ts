/** What a dry run found, as text. */
import { type DryRunReport, type DryRunVerdict, dryRunVerdict } from "../report/report.ts";
import { bytes, quantity } from "./format.ts";
import { printable } from "./printable.ts";
import { type Paint, paint, type TextStyle } from "./style.ts";
import { block, failureLines, leftOutLines, nothingFoundLines } from "./summary-text.ts";

const VERDICTS: Record<DryRunVerdict, { text: string; format: Paint }> = {
  ready: { text: "No problems found.", format: "green" },
  problems: { text: "The run would not complete everything.", format: "yellow" },
  "no-rights": { text: "This sign-in lacks permissions that the run needs.", format: "red" },
  stopped: { text: "Stopped before everything was checked.", format: "yellow" },
};

/** The lines of the report; its width is not used. */
export function dryRunText(report: DryRunReport, style: TextStyle): string[] {
  const { text, format } = VERDICTS[dryRunVerdict(report)];
  return [
    paint("bold", "Dry run: nothing was copied, announced or recorded.", style),
    "",
    ...workItemLines(report, style),
    ...nothingFoundLines(report.summary.workItems, style),
    "",
    ...fileLines(report, style),
    ...failureLines(report.failures, style),
    "",
    ...sampleLines(report),
    ...attributeLines(report),
    ...rightsLines(report, style),
    "",
    paint(format, text, style),
  ];
}

function workItemLines({ input, summary, catalogRejected }: DryRunReport, style: TextStyle): string[] {
  const { completed, empty, failed, pending, in_progress: open } = summary.workItems;
  return block({ label: "Rows", value: input.rows }, style, [
    { label: "work items", value: completed, note: "every file is done or would be done" },
    { label: "empty", value: empty, note: "the catalog lists no file for them" },
    { label: "failing", value: failed, note: "a file or the lookup failed", format: "red" },
    { label: "not taken", value: pending + open, note: "left for later" },
    { label: "rejected", value: input.rejected, note: "of the CSV", format: "red" },
    { label: "rejected", value: catalogRejected, note: "of the catalog", format: "red" },
    { label: "duplicates", value: input.duplicates, note: "repeated rows, processed once" },
    { label: "other partitions", value: input.otherPartitions },
  ]);
}

function fileLines(report: DryRunReport, style: TextStyle): string[] {
  const { toTransfer, toAnnounceOnly, summary, filter } = report;
  const { copied, alreadyThere, failed, skipped, shortened, duplicates, leftOut, total } = summary.files;
  const unknown = toTransfer.filesOfUnknownLength;
  const known = unknown === toTransfer.files ? "" : bytes(toTransfer.bytes);
  const size = [known, unknown === 0 ? "" : `${quantity(unknown, "file")} of unknown size`];
  const done = copied + alreadyThere - toTransfer.files - toAnnounceOnly;
  const lines = block({ label: "Files", value: total }, style, [
    {
      label: "to transfer",
      value: toTransfer.files,
      note: size.filter((part) => part !== "").join(" and "),
      format: "green",
    },
    { label: "to announce", value: toAnnounceOnly, note: "in the target since an earlier start" },
    { label: "done", value: done, note: "by an earlier start" },
    { label: "refused", value: failed, note: "they would fail", format: "red" },
    { label: "skipped", value: skipped, note: "skipped as requested" },
  ]);
  lines.push(...leftOutLines({ leftOut, total }, filter));
  if (shortened > 0) lines.push(`${quantity(shortened, "name")} would be shortened to the service's limit.`);
  if (duplicates > 0) {
    lines.push(
      `${quantity(duplicates, "repeated entry", "repeated entries")} of the catalog, processed once.`,
    );
  }
  return lines;
}

function sampleLines({ sample }: DryRunReport): string[] {
  if (sample === undefined || sample.looked === 0) return [];
  const parts = [
    `${sample.absent} not in the target`,
    `${sample.same} in the target with the same content`,
    `${sample.different} in the target with other content`,
    `${sample.unreadable} with an unreadable source`,
  ];
  return [
    `Checked ${quantity(sample.looked, "file")} of them: ${parts.join(", ")}.`,
    ...sample.examples.map(({ blobName, code, message }) => printable(`  ${blobName}: ${code}: ${message}`)),
  ];
}

function attributeLines({ attributes }: DryRunReport): string[] {
  const { metadata, tier, tags, cacheControl } = attributes;
  const told = { metadata, "access tier": tier, tags, "cache control": cacheControl };
  const given = Object.entries(told).flatMap(([what, text]) =>
    text === undefined ? [] : [`${what} ${text}`],
  );
  return given.length === 0 ? [] : [printable(`The blobs would get: ${given.join("; ")}.`)];
}

function rightsLines({ rights, toCreate }: DryRunReport, style: TextStyle): string[] {
  const lines = toCreate.map((what) => `The ${what} does not exist yet: it would be created.`);
  if (rights === undefined) return lines;
  const { mayWrite, mayTag, maySend } = rights;
  const told = (may: typeof mayWrite, what: string) =>
    may.isGiven
      ? `This sign-in may ${what}.`
      : printable(`${paint("red", `This sign-in may not ${what}`, style)}: ${may.why}`);
  lines.push(told(mayWrite, "write to the container"));
  if (mayTag !== undefined) lines.push(told(mayTag, "write the tags of blobs"));
  if (maySend !== undefined) lines.push(told(maySend, "send to the queue"));
  return lines;
}
