/**
 * Writes an answer as the service does ("Query V2 HTTP response"): a JSON array of frames, the rows in one frame, or in
 * many when the request asks for progress.
 */
import { type ServiceRefusal, tooLarge } from "./service-refusal.ts";
import type { Column } from "./tables.ts";

export interface Answer {
  readonly columns: readonly Column[];
  /** Arrays in column order. */
  readonly rows: Iterable<unknown>;
}

export interface AnswerLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** What the service allows unless a query says otherwise. */
export const SERVICE_LIMITS: AnswerLimits = { maxRows: 500_000, maxBytes: 64 * 2 ** 20 };

const CHUNK_CHARS = 64 * 1024;
/** Table ids, as the service counts them. */
const PRIMARY = 1;

/**
 * The text of the answer, in pieces. What is over the limits ends it as the service does: an error among the rows, and
 * again in the last frame.
 *
 * @param failsAfter rows after which this ends it instead
 */
export function* framesOf(
  answer: Answer,
  options: AnswerLimits & {
    readonly progressive: boolean;
    readonly requestId: string;
    /** ms since the epoch */
    readonly now: number;
    readonly failure?: { readonly afterRows: number; readonly refusal: ServiceRefusal } | undefined;
  },
): Generator<string> {
  const { progressive, requestId, now } = options;
  yield `[${frame("DataSetHeader", { IsProgressive: progressive, Version: "v2.0" })},${properties()},`;
  const primary = { TableId: PRIMARY, TableKind: "PrimaryResult", TableName: "PrimaryResult" };
  const head = { ...primary, Columns: columnFrames(answer.columns) };
  const fragment = { TableId: PRIMARY, FieldCount: answer.columns.length, TableFragmentType: "DataAppend" };
  yield progressive
    ? `${frame("TableHeader", head)},${opened(frame("TableFragment", fragment))}`
    : opened(frame("DataTable", head));
  const between = `]},${frame("TableProgress", { TableId: PRIMARY, TableProgress: 50 })},${opened(frame("TableFragment", fragment))}`;
  const { count, refusal } = yield* rowsOf(answer, options, progressive ? between : ",");
  if (refusal !== undefined)
    yield `${count === 0 ? "" : ","}${JSON.stringify({ OneApiErrors: [refusal.body()] })}`;
  yield "]}";
  if (progressive) yield `,${frame("TableCompletion", { TableId: PRIMARY, RowCount: count })}`;
  yield `,${completion(requestId, now, refusal)},${frame("DataSetCompletion", {
    HasErrors: refusal !== undefined,
    Cancelled: false,
    ...(refusal === undefined ? {} : { OneApiErrors: [refusal.body()] }),
  })}]`;
}

/** @param between what stands between two chunks of rows */
function* rowsOf(
  answer: Answer,
  options: AnswerLimits & {
    readonly failure?: { readonly afterRows: number; readonly refusal: ServiceRefusal } | undefined;
  },
  between: string,
): Generator<string, { count: number; refusal: ServiceRefusal | undefined }> {
  const { maxRows, maxBytes, failure } = options;
  let chunk = "";
  let bytes = 0;
  let count = 0;
  let refusal: ServiceRefusal | undefined;
  for (const row of answer.rows) {
    if (count === failure?.afterRows) refusal = failure.refusal;
    else if (count === maxRows) refusal = tooLarge("record count", maxRows);
    const text = JSON.stringify(row);
    bytes += text.length;
    if (bytes > maxBytes) refusal ??= tooLarge("data size", maxBytes);
    if (refusal !== undefined) break;
    if (chunk.length > CHUNK_CHARS) {
      yield `${chunk}${between}`;
      chunk = "";
    }
    chunk += chunk === "" ? text : `,${text}`;
    count++;
  }
  yield chunk;
  if (failure !== undefined) refusal ??= failure.refusal;
  return { count, refusal };
}

function frame(type: string, content: object): string {
  return JSON.stringify({ FrameType: type, ...content });
}

/** `{...}` -> `{...,"Rows":[` */
function opened(text: string): string {
  return `${text.slice(0, -1)},"Rows":[`;
}

function columnFrames(columns: readonly Column[]): object[] {
  return columns.map(({ name, type }) => ({ ColumnName: name, ColumnType: type }));
}

function properties(): string {
  return frame("DataTable", {
    TableId: 0,
    TableKind: "QueryProperties",
    TableName: "@ExtendedProperties",
    Columns: columnFrames([
      { name: "TableId", type: "int" },
      { name: "Key", type: "string" },
      { name: "Value", type: "dynamic" },
    ]),
    Rows: [[PRIMARY, "Visualization", '{"Visualization":null,"Title":null}']],
  });
}

/** Levels as the service counts them: 2 is an error, 4 an information. */
function completion(requestId: string, now: number, refusal: ServiceRefusal | undefined): string {
  const level = refusal === undefined ? [4, "Info"] : [2, "Error"];
  const payload = refusal === undefined ? { Count: 1, Text: "Query completed successfully" } : refusal.body();
  return frame("DataTable", {
    TableId: 2,
    TableKind: "QueryCompletionInformation",
    TableName: "QueryCompletionInformation",
    Columns: columnFrames([
      { name: "Timestamp", type: "datetime" },
      { name: "ClientRequestId", type: "string" },
      { name: "Level", type: "int" },
      { name: "LevelName", type: "string" },
      { name: "Payload", type: "string" },
    ]),
    Rows: [[new Date(now).toISOString(), requestId, ...level, JSON.stringify(payload)]],
  });
}
