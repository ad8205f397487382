/**
 * The rows of a listing, whatever its format: one row is one file of one work item. Both formats are read by bytes,
 * so that each row tells where it stands in the file.
 */

/** The columns of a listing (CSV) or the keys of its objects (NDJSON), as the user is told them. */
export const LISTING_COLUMNS = {
  required: ["JobId", "WorkItemId", "Uri", "FileName"],
  optional: ["WorkItemName", "Length", "ContentMD5"],
} as const;
export type ListingColumn =
  | (typeof LISTING_COLUMNS.required)[number]
  | (typeof LISTING_COLUMNS.optional)[number];

/** A row that names its work item. Valid only during the call of `RowSink.row`: a reader may use one object for all. */
export interface ListingRow {
  /** The line it starts on; the first line of the file is 1. */
  readonly line: number;
  /** Where it starts in the file, in bytes. */
  readonly offset: number;
  /** Its bytes without the line end. */
  readonly length: number;
  readonly jobId: string;
  readonly workItemId: string;
  /** Why its fields cannot be trusted, such as `4 columns, 5 expected`. */
  readonly problem: string | undefined;
  /** The field's text; empty when there is none. */
  field(column: ListingColumn): string;
  /** The row as it stands in the file: with its links, a secret. */
  raw(): string;
}

/** A row that belongs to no work item. */
export interface RejectedListingRow {
  readonly line: number;
  /** Such as `WorkItemId is empty`. */
  readonly reason: string;
  /** The row as it stands in the file, at most 1 MiB of it: with its links, a secret. */
  readonly raw: string;
}

/** Takes what a reader finds, in file order. */
export interface RowSink {
  row(row: ListingRow): void;
  rejected(row: RejectedListingRow): void;
}

/** Bytes go in by chunks of any size, rows come out to the sink. Pushed bytes must not change until `end`. */
export interface RowReader {
  push(bytes: Uint8Array): void;
  end(): void;
}

/** Where the first byte that a reader gets stands in the file. */
export interface Place {
  readonly offset: number;
  readonly line: number;
}

/** How the rows of one listing are read. */
export interface ListingFormat {
  /** Reads the file from `start` to its end. */
  readonly start: Place;
  readAll(sink: RowSink): RowReader;
  /** Reads rows that were taken out of the file; their places are those among what is pushed. */
  readPart(sink: RowSink): RowReader;
}

/** Why a row belongs to no work item, or undefined when both ids are there. */
export function idProblem(jobId: string, workItemId: string): string | undefined {
  if (jobId === "" && workItemId === "") return "JobId and WorkItemId are empty";
  if (jobId === "") return "JobId is empty";
  return workItemId === "" ? "WorkItemId is empty" : undefined;
}
