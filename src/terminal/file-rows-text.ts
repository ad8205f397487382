/** The files of a state one by one, as lines for people. */
import { FILE_OUTCOMES } from "../core/file-outcome.ts";
import { redact } from "../core/secret.ts";
import type { RowFormat, ToldFile } from "../report/report.ts";
import { bytes, dateTime } from "./format.ts";
import { printable } from "./printable.ts";

const WIDTH = Math.max(...Object.keys(FILE_OUTCOMES).map((outcome) => outcome.length));

/** A line a file: the outcome first, then what it is about, then why. */
export const FILE_ROWS_TEXT: RowFormat = {
  header: undefined,
  line: (row) => printable(redact(fileLine(row))),
};

function fileLine(row: ToldFile): string {
  const { jobId, workItemId } = row.workItem;
  const file = row.fileName === undefined ? " (the work item)" : ` ${row.fileName} -> ${row.blobName ?? ""}`;
  return `${row.outcome.padEnd(WIDTH)}  ${jobId}/${workItemId}${file}${details(row)}${reason(row)}`;
}

function details({ bytes: size, attempts, announcedAt }: ToldFile): string {
  const parts = [
    ...(size === undefined ? [] : [bytes(size)]),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(announcedAt === undefined ? [] : [`announced ${dateTime(announcedAt)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function reason({ code, message, requestId }: ToldFile): string {
  if (code === undefined) return "";
  const request = requestId === undefined ? "" : ` (request id ${requestId})`;
  return `: ${code}: ${message ?? ""}${request}`;
}
