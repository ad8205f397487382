import { isUtf8 } from "node:buffer";
import { CSV_PROBLEMS, MAX_ROW_BYTES } from "../../core/csv.ts";
import { type Line, LineMachine } from "./line-machine.ts";
import {
  idProblem,
  LISTING_COLUMNS,
  type ListingColumn,
  type ListingFormat,
  type ListingRow,
  type Place,
  type RowReader,
  type RowSink,
} from "./listing-row.ts";

/** How a listing of one JSON object a line is read. */
export function ndjsonFormat(start: Place): ListingFormat {
  return {
    start,
    readAll: (sink) => reader(sink, start),
    readPart: (sink) => reader(sink, { offset: 0, line: 1 }),
  };
}

function reader(sink: RowSink, at: Place): RowReader {
  return new LineMachine(at, MAX_ROW_BYTES, {
    line: (line) => readLine(line, sink),
    tooLong: ({ line, bytes }) => {
      sink.rejected({ line, reason: CSV_PROBLEMS["too-long"], raw: bytes.toString("utf8") });
    },
  });
}

function readLine(line: Line, sink: RowSink): void {
  const text = line.bytes.toString("utf8");
  const raw = text.trim();
  if (raw === "") return;
  const fields = isUtf8(line.bytes) ? parseFields(raw) : CSV_PROBLEMS["invalid-utf8"];
  if (typeof fields === "string") {
    sink.rejected({ line: line.line, reason: fields, raw });
    return;
  }
  const { JobId: jobId = "", WorkItemId: workItemId = "" } = fields.texts;
  const reason = fields.idProblem ?? idProblem(jobId, workItemId);
  if (reason === undefined) sink.row(new NdjsonRow(line, jobId, workItemId, fields, raw));
  else sink.rejected({ line: line.line, reason, raw });
}

interface Fields {
  readonly texts: Partial<Record<ListingColumn, string>>;
  idProblem: string | undefined;
  problem: string | undefined;
}

/** The known fields of a line, or why it has none. */
function parseFields(text: string): Fields | string {
  const object = parseObject(text);
  if (object === undefined) return "not a JSON object";
  const fields: Fields = { texts: {}, idProblem: undefined, problem: undefined };
  for (const [key, value] of Object.entries(object)) {
    const column = findColumn(key);
    if (column === undefined || value === null) continue;
    const isId = column === "JobId" || column === "WorkItemId";
    const problem = valueProblem(column, value, isId);
    if (problem === undefined)
      fields.texts[column] = typeof value === "string" ? value : JSON.stringify(value);
    else if (isId) fields.idProblem ??= problem;
    else fields.problem ??= problem;
  }
  return fields;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function valueProblem(column: ListingColumn, value: unknown, isId: boolean): string | undefined {
  if (typeof value === "string") {
    // NUL is what parts the two ids of a key.
    return isId && value.includes("\0") ? `${column} has a NUL character` : undefined;
  }
  if (typeof value !== "number") return `${column} is neither a text nor a number`;
  // 12345678901234567890 and 1.0 would come out as another text than the one that stands there.
  return isId && !Number.isSafeInteger(value)
    ? `${column} is a number that cannot be read exactly: write it in quotes`
    : undefined;
}

const COLUMN_OF = new Map<string, ListingColumn>(
  [...LISTING_COLUMNS.required, ...LISTING_COLUMNS.optional].map((column) => [plainName(column), column]),
);

/** As in a CSV's header: any case, with or without `_`, `-` and spaces. */
function findColumn(key: string): ListingColumn | undefined {
  return COLUMN_OF.get(plainName(key));
}

function plainName(name: string): string {
  return name.replace(/[\s_-]/g, "").toLowerCase();
}

class NdjsonRow implements ListingRow {
  readonly line: number;
  readonly offset: number;
  readonly length: number;
  readonly jobId: string;
  readonly workItemId: string;
  readonly problem: string | undefined;
  readonly #fields: Fields;
  readonly #raw: string;

  constructor(line: Line, jobId: string, workItemId: string, fields: Fields, raw: string) {
    this.line = line.line;
    this.offset = line.offset;
    this.length = line.bytes.length;
    this.jobId = jobId;
    this.workItemId = workItemId;
    this.problem = fields.problem;
    this.#fields = fields;
    this.#raw = raw;
  }

  field(column: ListingColumn): string {
    return this.#fields.texts[column] ?? "";
  }

  raw(): string {
    return this.#raw;
  }
}
