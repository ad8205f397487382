/** Reads the frames of an answer ("Query V2 HTTP response"). */
import type { KustoColumn, KustoTable } from "./kusto.ts";
import { type Refusal, readRefusal } from "./refusal.ts";

interface Frame {
  readonly FrameType?: string;
  readonly TableId?: number;
  readonly TableKind?: string;
  readonly TableFragmentType?: string;
  readonly Columns?: readonly { readonly ColumnName: string; readonly ColumnType: string }[];
  /** Rows, and among them `{ OneApiErrors }` where the service gave up. */
  readonly Rows?: readonly unknown[];
  readonly HasErrors?: boolean;
  readonly Cancelled?: boolean;
  readonly OneApiErrors?: readonly unknown[];
}

interface Table {
  readonly columns: readonly KustoColumn[];
  rows: unknown[][];
}

/** An answer is a table, a refusal within a 200, or broken: undefined. */
export function readAnswer(text: string): KustoTable | Refusal | undefined {
  const frames = framesIn(jsonIn(text));
  const end = frames?.at(-1);
  // Without its last frame nobody knows whether rows are missing.
  if (frames === undefined || end?.FrameType !== "DataSetCompletion") return undefined;
  const errors = [end, ...frames.flatMap((frame) => frame.Rows ?? [])].flatMap(errorsIn);
  errors.push(...frames.flatMap(errorEventsIn));
  if (errors.length > 0) return readRefusal(errors[0], false);
  if (end.HasErrors === true || end.Cancelled === true) return readRefusal({}, false);
  const tables = tablesIn(frames);
  if (tables.length === 0) return undefined;
  const [{ columns, rows } = { columns: [], rows: [] }] = tables;
  if (tables.length > 1)
    return { kind: "invalid", said: `the query returns ${tables.length} results instead of one` };
  return { columns, rows, bytes: Buffer.byteLength(text) };
}

function framesIn(value: unknown): readonly Frame[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** undefined when it is none */
function jsonIn(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function errorsIn(item: unknown): readonly unknown[] {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return [];
  return "OneApiErrors" in item && Array.isArray(item.OneApiErrors) ? item.OneApiErrors : [];
}

/** Events of the query's completion as severe as this, or more, are errors; the client's library counts them so, too. */
const ERROR_LEVEL = 2;

/** Errors that are told as events of the query's completion alone. */
function errorEventsIn({ TableKind, Columns = [], Rows = [] }: Frame): unknown[] {
  if (TableKind !== "QueryCompletionInformation") return [];
  const [level, payload] = ["Level", "Payload"].map((name) =>
    Columns.findIndex(({ ColumnName }) => ColumnName === name),
  );
  const events = Rows.filter(Array.isArray) as unknown[][];
  return events
    .filter((event) => Number(event[level ?? -1] ?? Infinity) <= ERROR_LEVEL)
    .map((event) => jsonIn(event[payload ?? -1]));
}

/** The primary results: each one frame, or, when progress was asked for, a header and fragments. */
function tablesIn(frames: readonly Frame[]): Table[] {
  const tables = new Map<number, Table>();
  for (const { FrameType, TableId = 0, TableKind, TableFragmentType, Columns = [], Rows = [] } of frames) {
    const rows = Rows as unknown[][];
    if ((FrameType === "DataTable" || FrameType === "TableHeader") && TableKind === "PrimaryResult") {
      const columns = Columns.map(({ ColumnName, ColumnType }) => ({ name: ColumnName, type: ColumnType }));
      tables.set(TableId, { columns, rows });
    }
    const table = tables.get(TableId);
    if (FrameType !== "TableFragment" || table === undefined) continue;
    table.rows = TableFragmentType === "DataReplace" ? rows : table.rows.concat(rows);
  }
  return [...tables.values()];
}
