/** The files of a state one by one, as CSV and NDJSON; docs/report.md tells the columns and fields. */
import { spreadsheetField } from "../core/csv-field.ts";
import { redact } from "../core/secret.ts";
import type { FileRow } from "../state/past.ts";
import { isoTime, type JsonFields, jsonText } from "./json-forms.ts";

/** A file with its name in the target. */
export interface ToldFile extends FileRow {
  /** undefined for a work item as a whole. */
  readonly blobName: string | undefined;
}

/** How rows are written: what stands first, and each row as a line without its end. */
export interface RowFormat {
  readonly header: string | undefined;
  readonly line: (row: ToldFile) => string;
}

const COLUMNS: readonly (readonly [string, (row: ToldFile) => string | number | undefined])[] = [
  ["JobId", ({ workItem }) => workItem.jobId],
  ["WorkItemId", ({ workItem }) => workItem.workItemId],
  ["WorkItemName", ({ workItem }) => workItem.workItemName],
  ["FileName", ({ fileName }) => fileName],
  ["BlobName", ({ blobName }) => blobName],
  ["Outcome", ({ outcome }) => outcome],
  ["Code", ({ code }) => code],
  ["Message", ({ message }) => message],
  ["RequestId", ({ requestId }) => requestId],
  ["Attempts", ({ attempts }) => attempts],
  ["Bytes", ({ bytes }) => bytes],
  ["ContentMD5", ({ contentMd5 }) => contentMd5],
  ["AnnouncedAt", ({ announcedAt }) => (announcedAt === undefined ? undefined : isoTime(announcedAt))],
];

/** For spreadsheets: nothing in it is taken for a formula. */
export const FILE_ROWS_CSV: RowFormat = {
  header: COLUMNS.map(([name]) => name).join(","),
  line: (row) => COLUMNS.map(([, value]) => csvValue(value(row))).join(","),
};

function csvValue(value: string | number | undefined): string {
  if (value === undefined) return "";
  return typeof value === "number" ? String(value) : spreadsheetField(withoutSecrets(value));
}

/** Of these characters alone nothing secret is made; redacting each name would take longer than all the rest. */
const HARMLESS = /^[\w./ ()-]{0,80}$/;
const SECRET_WORD = /bearer|shared|eyj/i;

function withoutSecrets(text: string): string {
  return HARMLESS.test(text) && !SECRET_WORD.test(text) ? text : redact(text);
}

/** For programs: one object a line. */
export const FILE_ROWS_JSON: RowFormat = { header: undefined, line: (row) => jsonText(fileRowJson(row)) };

function fileRowJson(row: ToldFile): JsonFields {
  const { workItem, announcedAt } = row;
  return {
    jobId: workItem.jobId,
    workItemId: workItem.workItemId,
    workItemName: workItem.workItemName,
    fileName: row.fileName ?? null,
    blobName: row.blobName ?? null,
    outcome: row.outcome,
    code: row.code ?? null,
    message: row.message ?? null,
    requestId: row.requestId ?? null,
    attempts: row.attempts,
    bytes: row.bytes ?? null,
    contentMd5: row.contentMd5 ?? null,
    announcedAt: announcedAt === undefined ? null : isoTime(announcedAt),
  };
}
