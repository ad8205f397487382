import { CSV_PROBLEMS, CsvMachine, type CsvProblem } from "./csv.ts";
import { redact } from "./secret.ts";

/** The columns that a file must and may have, named as the user is told; see `findHeader` for what matches. */
export interface CsvColumns<Name extends string> {
  readonly required: readonly Name[];
  readonly optional: readonly Name[];
}

/** What the first row of a file says about the others. */
export interface CsvHeader<Name extends string> {
  readonly delimiter: string;
  /** Columns of the header, unknown ones included: every row must have as many fields. */
  readonly columnCount: number;
  /** Where each column stands, from 0; -1 for an optional one that is absent. */
  readonly at: Readonly<Record<Name, number>>;
}

export type HeaderAnswer<Name extends string> =
  | {
      readonly kind: "header";
      readonly header: CsvHeader<Name>;
      /** Where the first row is looked for: behind a spreadsheet's `sep=;`, else at the file's first byte, line 1. */
      readonly start: { readonly offset: number; readonly line: number };
    }
  /** The first row is not complete. */
  | { readonly kind: "need-more" }
  /** What is wrong, such as `has no WorkItemId column; its header is: a,b`: one printable line, no secrets. */
  | { readonly kind: "problem"; readonly message: string };

/** A first row that is longer than this is no header. */
export const MAX_HEADER_BYTES = 64 * 1024;
const DELIMITERS = [",", ";", "\t"] as const;
const SHOWN_CHARACTERS = 100;
const ZIP_MARK = "PK\u0003\u0004";

/**
 * Finds the header in the first bytes of a file (UTF-8, no byte order mark; `atEnd` when they are the whole file)
 * and with it the delimiter: the one of `,` `;` and tab that makes the required columns appear. Names match in any
 * case, with or without `_`, `-` and spaces: `JobId`, `job_id`, `JOB ID`. A first line `sep=;`, by which spreadsheets
 * name the delimiter, is no row; its delimiter is tried, too.
 */
export function findHeader<Name extends string>(
  head: Uint8Array,
  atEnd: boolean,
  columns: CsvColumns<Name>,
): HeaderAnswer<Name> {
  const named = namedDelimiter(head, atEnd);
  if (named === "need-more") return { kind: "need-more" };
  if (named !== undefined) {
    const rest = findIn(head.subarray(named.end), atEnd, columns, [named.delimiter, ...DELIMITERS]);
    return rest.kind === "header" ? { ...rest, start: { offset: named.end, line: 2 } } : rest;
  }
  return findIn(head, atEnd, columns, DELIMITERS);
}

/** `sep=;`, perhaps in quotes, with its line end; the delimiter is no letter, digit, quote or blank. */
const NAMED_DELIMITER = /^"?sep=(\t|[!#-/:-@[-`{-~])"?[ \t]*(?:\r\n|\r|\n)/i;
const LONGEST_NAMED = 64;

/** What a first line `sep=;` says, and where it ends; undefined when there is none. */
function namedDelimiter(
  head: Uint8Array,
  atEnd: boolean,
): { readonly delimiter: string; readonly end: number } | "need-more" | undefined {
  const text = Buffer.from(head.subarray(0, LONGEST_NAMED)).toString("latin1");
  const [line = "", delimiter] = NAMED_DELIMITER.exec(atEnd ? `${text}\n` : text) ?? [];
  if (delimiter === undefined) return undefined;
  // A CR at the end of what is there may be half of a line end.
  if (!atEnd && line.endsWith("\r") && line.length === head.length) return "need-more";
  return { delimiter, end: Math.min(line.length, head.length) };
}

function findIn<Name extends string>(
  head: Uint8Array,
  atEnd: boolean,
  columns: CsvColumns<Name>,
  delimiters: readonly string[],
): HeaderAnswer<Name> {
  const rows = delimiters.map((delimiter) => firstRow(head, atEnd, delimiter));
  const found = rows.filter((row) => row !== undefined);
  if (found.length < rows.length && !atEnd && head.length <= MAX_HEADER_BYTES) return { kind: "need-more" };
  const [best] = found
    .map((row) => matchColumns(row, columns))
    .toSorted((a, b) => a.missing.length - b.missing.length || b.row.fields.length - a.row.fields.length);
  if (best === undefined) {
    return { kind: "problem", message: atEnd ? "is empty" : "has no header in its first 64 KiB" };
  }
  const message = describeProblem(best);
  if (message !== undefined) return { kind: "problem", message };
  const { delimiter, fields } = best.row;
  const header = { delimiter, columnCount: fields.length, at: best.at };
  return { kind: "header", header, start: { offset: 0, line: 1 } };
}

interface FirstRow {
  readonly delimiter: string;
  readonly raw: string;
  readonly fields: readonly string[];
  readonly problem?: CsvProblem;
}

/** The first row that is not blank, read with this delimiter. */
function firstRow(head: Uint8Array, atEnd: boolean, delimiter: string): FirstRow | undefined {
  const rows: FirstRow[] = [];
  const machine = new CsvMachine(
    {
      record(record) {
        const fields = Array.from({ length: record.fieldCount }, (_, index) => record.field(index));
        rows.push({ delimiter, raw: record.raw(), fields });
      },
      rejected({ raw, problem }) {
        rows.push({ delimiter, raw, fields: [], problem });
      },
    },
    { delimiter, trim: true, maxRowBytes: MAX_HEADER_BYTES },
  );
  const step = 1024; // the head may hold thousands of rows: read no further than needed
  for (let at = 0; at < head.length && rows.length === 0; at += step) {
    machine.push(head.subarray(at, at + step));
  }
  if (atEnd && rows.length === 0) machine.end();
  return rows[0];
}

interface MatchedRow<Name extends string> {
  readonly row: FirstRow;
  readonly at: Readonly<Record<Name, number>>;
  readonly missing: readonly Name[];
  readonly repeated: readonly Name[];
}

function matchColumns<Name extends string>(row: FirstRow, columns: CsvColumns<Name>): MatchedRow<Name> {
  const plain = row.fields.map(plainName);
  const names = [...columns.required, ...columns.optional];
  const places = names.map((name) => [name, plain.indexOf(plainName(name))] as const);
  return {
    row,
    at: Object.fromEntries(places) as Record<Name, number>,
    missing: columns.required.filter((name) => !plain.includes(plainName(name))),
    repeated: names.filter((name) => plain.indexOf(plainName(name)) !== plain.lastIndexOf(plainName(name))),
  };
}

function plainName(column: string): string {
  return column.replace(/[\s_-]/g, "").toLowerCase();
}

function describeProblem<Name extends string>({
  row,
  missing,
  repeated,
}: MatchedRow<Name>): string | undefined {
  if (row.raw.startsWith(ZIP_MARK)) return "is a zip file or Excel workbook, not CSV";
  if (row.problem !== undefined) return explain(row, row.problem);
  const shown = `its header is: ${printable(row.raw)}`;
  if (missing.length > 0) return `has no ${missing.join(" and no ")} column; ${shown}`;
  if (repeated.length > 0) return `has more than one ${repeated.join(" and ")} column; ${shown}`;
  return undefined;
}

// oxlint-disable-next-line no-control-regex -- every other byte is NUL
const LOOKS_LIKE_UTF16 = /^(?:[^\0]\0)+$|^(?:\0[^\0])+\0?$/;

function explain(row: FirstRow, problem: CsvProblem): string {
  switch (problem) {
    case "nul":
      return LOOKS_LIKE_UTF16.test(row.raw)
        ? "looks like UTF-16 without a byte order mark: save it as UTF-8"
        : "is a binary file, not CSV";
    case "too-long":
      return "has a first line of more than 64 KiB: it is not CSV with a header";
    case "invalid-utf8":
      return `is not UTF-8 text; its header is: ${printable(row.raw)}`;
    case "unclosed-quote":
    case "text-after-quote":
      return `has a header with an error (${CSV_PROBLEMS[problem]}): ${printable(row.raw)}`;
  }
}

/** A text from the file that can be shown in one line: redacted, cut, what cannot be printed as `?`. */
function printable(raw: string): string {
  const clean = redact(raw)
    .replaceAll("\t", "\\t")
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\uFFFD/gu, "?");
  const characters = Array.from(clean);
  return characters.length <= SHOWN_CHARACTERS
    ? clean
    : `${characters.slice(0, SHOWN_CHARACTERS).join("")}...`;
}
