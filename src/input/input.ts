/**
 * The first room: a CSV of failed work items becomes a stream of work items and rejected rows.
 * Memory is constant whatever the CSV's size.
 */
import type { WorkItem } from "../core/work-item.ts";

export { readWorkItems } from "./read-csv.ts";

/** A row that is a work item, with the line it starts on (1 = the header's line). */
export interface ParsedRow {
  readonly kind: "row";
  readonly line: number;
  readonly workItem: WorkItem;
  /** The row as it stands in the file, decoded, without its line end; only with `onHeader`. */
  readonly raw?: string;
}

/** The first row as it stands in the file (a line `sep=;` before it is part of it), and the line end behind it. */
export interface RawHeader {
  readonly raw: string;
  readonly lineEnd: "\n" | "\r\n" | "\r";
}

/** A row that is not: reported by line, counted, written to the rejected file; never dropped in silence. */
export interface RejectedRow {
  readonly kind: "rejected";
  readonly line: number;
  /** Such as `WorkItemId is empty`, `3 columns, 2 expected`. */
  readonly reason: string;
  /** The row as it stands in the file, at most 1 MiB of it, decoded. */
  readonly raw: string;
}

export type InputRow = ParsedRow | RejectedRow;

/** Where the CSV comes from. */
export interface InputSource {
  /** Path, or `-` for stdin. */
  readonly path: string;
  /** Stream of bytes in place of `path` (stdin, tests). */
  readonly bytes?: AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told the header before the first batch; all rows carry their `raw` then, to be written elsewhere as they are. */
  readonly onHeader?: (header: RawHeader) => void;
}

/**
 * Reads the CSV in batches (up to some thousand rows each), in file order. Blank lines are passed over; a repeated
 * key is an ordinary row here (who counts rows decides).
 *
 * @throws ReuploadError `csv-unreadable` (no such file, a directory, no permission) and `csv-invalid` (empty, no
 * known header, not text), both before the first batch
 */
export type ReadWorkItems = (source: InputSource, options: ReadOptions) => AsyncIterable<InputRow[]>;
