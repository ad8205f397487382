import { CSV_PROBLEMS, CsvMachine, type CsvRecord, type CsvSink, parseCsv } from "../../core/csv.ts";
import type { CsvHeader } from "../../core/csv-header.ts";
import {
  idProblem,
  type ListingColumn,
  type ListingFormat,
  type ListingRow,
  type Place,
  type RowReader,
  type RowSink,
} from "./listing-row.ts";

/** How a CSV with this header is read; `start` is where the header stands. */
export function csvFormat(header: CsvHeader<ListingColumn>, start: Place): ListingFormat {
  return {
    start,
    readAll: (sink) => reader(new CsvRows(header, sink, true), header, start),
    readPart: (sink) => reader(new CsvRows(header, sink, false), header, { offset: 0, line: 1 }),
  };
}

/**
 * White space belongs to a field (a file may well be named `a .json`), so the machine does not trim: only the ids
 * are trimmed here.
 */
function reader(sink: CsvSink, header: CsvHeader<ListingColumn>, at: Place): RowReader {
  return new CsvMachine(sink, { delimiter: header.delimiter, offset: at.offset, line: at.line });
}

/** From the CSV machine's records to rows; is itself the one row that the sink is shown. */
class CsvRows implements CsvSink, ListingRow {
  line = 0;
  offset = 0;
  length = 0;
  jobId = "";
  workItemId = "";
  problem: string | undefined;

  readonly #header: CsvHeader<ListingColumn>;
  readonly #sink: RowSink;
  #headerIsNext: boolean;
  #record: CsvRecord | undefined;

  constructor(header: CsvHeader<ListingColumn>, sink: RowSink, headerIsNext: boolean) {
    this.#header = header;
    this.#sink = sink;
    this.#headerIsNext = headerIsNext;
  }

  record(record: CsvRecord): void {
    if (record.fieldCount === 1 && record.field(0).trim() === "") return;
    if (this.#headerIsNext) {
      this.#headerIsNext = false;
      return;
    }
    this.#show(record);
    const { line } = record;
    const reason = idProblem(this.jobId, this.workItemId);
    if (reason === undefined) this.#sink.row(this);
    // A column too many or too few may have moved the ids as well: then no work item would ever tell of this row.
    const rejection = this.problem ?? reason;
    if (rejection !== undefined) this.#sink.rejected({ line, reason: rejection, raw: record.raw() });
  }

  rejected({ line, problem, raw }: Parameters<CsvSink["rejected"]>[0]): void {
    this.#sink.rejected({ line, reason: CSV_PROBLEMS[problem], raw });
  }

  field(column: ListingColumn): string {
    return this.#record?.field(this.#header.at[column]) ?? "";
  }

  raw(): string {
    return this.#record?.raw() ?? "";
  }

  #show(record: CsvRecord): void {
    const { columnCount, at } = this.#header;
    this.#record = record;
    this.line = record.line;
    this.offset = record.offset;
    this.length = record.length;
    this.jobId = this.#id(at.JobId);
    this.workItemId = this.#id(at.WorkItemId);
    const { fieldCount } = record;
    this.problem =
      fieldCount === columnCount
        ? undefined
        : `${fieldCount} ${fieldCount === 1 ? "column" : "columns"}, ${columnCount} expected`;
  }

  /** Ids are trimmed as those of the work items' CSV are: white space within quotes belongs to the id. */
  #id(index: number): string {
    const id = this.#record?.field(index) ?? "";
    return id === id.trim() ? id : trimmedField(this.raw(), index, this.#header.delimiter);
  }
}

function trimmedField(row: string, index: number, delimiter: string): string {
  let field = "";
  const sink: CsvSink = {
    record: (record) => {
      field = record.field(index);
    },
    rejected: () => {},
  };
  parseCsv(Buffer.from(row), sink, { delimiter, trim: true });
  return field;
}
