/** What the CSV machine is given besides bytes, and what it gives: records and rejected rows. */
import type { CsvRecord } from "./csv-record.ts";

/** Why a row is not CSV. */
export const CSV_PROBLEMS = {
  "unclosed-quote": "unclosed quote",
  "text-after-quote": "text after a closing quote",
  nul: "NUL byte",
  "invalid-utf8": "not valid UTF-8",
  "too-long": "longer than 1 MiB",
} as const;
export type CsvProblem = keyof typeof CSV_PROBLEMS;

/** The limit of a row, in bytes. */
export const MAX_ROW_BYTES = 1024 * 1024;

/** A row that is not a record. Unlike a record it may be kept. */
export interface CsvRejection {
  readonly line: number;
  readonly offset: number;
  readonly problem: CsvProblem;
  /** The row as it stands in the file, cut at the limit; what is not UTF-8 is shown as U+FFFD. */
  readonly raw: string;
}

/** Takes what the machine finds, in file order. */
export interface CsvSink {
  record(record: CsvRecord): void;
  rejected(rejection: CsvRejection): void;
}

export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  /** White space around fields and around their quotes is no part of them. Default false, as RFC 4180. */
  readonly trim?: boolean;
  /** Bytes that a row may have, `MAX_ROW_BYTES` when not given. */
  readonly maxRowBytes?: number;
  /** Where in the file the first pushed byte stands (after a byte order mark, say), 0 when not given. */
  readonly offset?: number;
  /** The line that the first pushed byte stands on, 1 when not given. */
  readonly line?: number;
}
