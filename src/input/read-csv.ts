import { CSV_PROBLEMS, CsvMachine, type CsvRecord, type CsvRejection, type CsvSink } from "../core/csv.ts";
import { type CsvHeader, findHeader } from "../core/csv-header.ts";
import { ReuploadError } from "../core/errors.ts";
import { readBytes, sourceName } from "./byte-stream.ts";
import type { InputRow, RawHeader, ReadOptions, ReadWorkItems } from "./input.ts";
import { toUtf8 } from "./to-utf8.ts";

const COLUMNS = { required: ["JobId", "WorkItemId"], optional: ["WorkItemName"] } as const;
type Column = "JobId" | "WorkItemId" | "WorkItemName";

/** Bytes that make a batch: some thousand rows, and never much more than one row at the limit. */
const BATCH_BYTES = 64 * 1024;

/** The one way a CSV of work items is read; the contract is at `ReadWorkItems`. */
export const readWorkItems: ReadWorkItems = async function* readWorkItems(source, { signal, onHeader }) {
  let head: Uint8Array = new Uint8Array();
  let rows: Rows | undefined;
  for await (const chunk of slices(toUtf8(readBytes(source, signal)))) {
    if (rows === undefined) {
      head = Buffer.concat([head, chunk]);
      rows = startRows(head, false, sourceName(source), onHeader);
    } else {
      rows.machine.push(chunk);
    }
    if (rows !== undefined && rows.batch.length > 0) yield rows.takeBatch();
  }
  if (rows === undefined) {
    rows = startRows(head, true, sourceName(source), onHeader);
  }
  rows?.machine.end();
  if (rows !== undefined && rows.batch.length > 0) yield rows.takeBatch();
};

async function* slices(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += BATCH_BYTES) yield chunk.subarray(at, at + BATCH_BYTES);
  }
}

/**
 * Begins to read the rows of `head` once the header is complete in it, undefined before.
 *
 * @throws ReuploadError `csv-invalid`
 */
function startRows(
  head: Uint8Array,
  atEnd: boolean,
  name: string,
  onHeader: ReadOptions["onHeader"],
): Rows | undefined {
  const answer = findHeader(head, atEnd, COLUMNS);
  if (answer.kind === "problem") throw new ReuploadError("csv-invalid", `${name} ${answer.message}`);
  if (answer.kind !== "header") return undefined;
  // A line that names the delimiter stands before the header: the rows may be read by it alone.
  const named = Buffer.from(head.subarray(0, answer.start.offset)).toString();
  const tell = onHeader && ((raw: string) => onHeader({ raw: named + raw, lineEnd: detectLineEnd(head) }));
  const rows = new Rows(answer, tell);
  rows.machine.push(head.subarray(answer.start.offset));
  return rows;
}

/** How the first line ends; LF when nothing says. */
function detectLineEnd(head: Uint8Array): RawHeader["lineEnd"] {
  const text = Buffer.from(head).toString("latin1");
  const [found] = /\r\n|\n|\r/.exec(text) ?? [];
  return found === "\r\n" || found === "\r" ? found : "\n";
}

/** Judges each record by the header, and gathers the rows. */
class Rows implements CsvSink {
  readonly machine: CsvMachine;
  batch: InputRow[] = [];
  readonly #header: CsvHeader<Column>;
  /** Told the header; undefined when nobody wants rows as they stand in the file. */
  readonly #onHeader: ((raw: string) => void) | undefined;
  #headerPassed = false;

  constructor(
    { header, start }: { readonly header: CsvHeader<Column>; readonly start: { readonly line: number } },
    onHeader: ((raw: string) => void) | undefined,
  ) {
    this.#header = header;
    this.#onHeader = onHeader;
    this.machine = new CsvMachine(this, { delimiter: header.delimiter, trim: true, line: start.line });
  }

  takeBatch(): InputRow[] {
    const batch = this.batch;
    this.batch = [];
    return batch;
  }

  record(record: CsvRecord): void {
    if (!this.#headerPassed) {
      this.#headerPassed = true;
      this.#onHeader?.(record.raw());
      return;
    }
    const { at, columnCount } = this.#header;
    const jobId = record.field(at.JobId);
    const workItemId = record.field(at.WorkItemId);
    const problem = describeProblem(record, columnCount, jobId, workItemId);
    if (problem !== undefined) {
      this.batch.push({ kind: "rejected", line: record.line, reason: problem, raw: record.raw() });
      return;
    }
    const workItemName = at.WorkItemName === -1 ? "" : record.field(at.WorkItemName);
    const workItem = { jobId, workItemId, workItemName };
    const row = { kind: "row", line: record.line, workItem } as const;
    this.batch.push(this.#onHeader === undefined ? row : { ...row, raw: record.raw() });
  }

  rejected({ line, problem, raw }: CsvRejection): void {
    this.batch.push({ kind: "rejected", line, reason: CSV_PROBLEMS[problem], raw });
  }
}

/** Why a record is no work item, in words; undefined when it is one. */
function describeProblem(
  record: CsvRecord,
  columnCount: number,
  jobId: string,
  workItemId: string,
): string | undefined {
  if (record.fieldCount !== columnCount) {
    return `${record.fieldCount} ${record.fieldCount === 1 ? "column" : "columns"}, ${columnCount} expected`;
  }
  if (isBlank(jobId)) return isBlank(workItemId) ? "JobId and WorkItemId are empty" : "JobId is empty";
  if (isBlank(workItemId)) return "WorkItemId is empty";
  // No id has a line break: a quote that should not be there has joined this row with those after it.
  if (record.lineCount > 1 && /[\r\n]/.test(jobId + workItemId)) {
    return "an id has a line break (is there one quote too many?)";
  }
  return undefined;
}

function isBlank(id: string): boolean {
  return id === "" || id.trim() === "";
}
