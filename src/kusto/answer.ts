/** Reads an answer: its one table, or the errors that the service gives in place of it or among its rows. */
import {
  readColumns,
  type Frame,
  framesIn,
  isObject,
  NotAnAnswer,
  readRows,
  shapeless,
  readTableId,
} from "./frames.ts";
import type { KustoColumn, KustoTable } from "./kusto.ts";
import { type Refusal, readRefusal } from "./refusal.ts";

export { NotAnAnswer };

interface Table {
  readonly columns: readonly KustoColumn[];
  rows: readonly (readonly unknown[])[];
}

/**
 * An answer is a table, or a refusal within a 200.
 *
 * @throws NotAnAnswer for a text that is neither: the service did not say it, or it did not come as a whole
 */
export function readAnswer(text: string): KustoTable | Refusal {
  const frames = framesIn(text);
  const refusal = refusalIn(frames);
  if (refusal !== undefined) return refusal;
  const [table, ...others] = tablesIn(frames);
  if (table === undefined) throw shapeless("it has no result");
  if (others.length > 0)
    return { kind: "invalid", said: `the query returns ${others.length + 1} results instead of one` };
  return { ...table, bytes: Buffer.byteLength(text) };
}

/** The errors that the service told, wherever they stand; undefined when there are none. */
function refusalIn(frames: readonly Frame[]): Refusal | undefined {
  const end = frames.at(-1);
  const rows = frames.flatMap(({ Rows }): unknown[] => (Array.isArray(Rows) ? Rows : []));
  const errors = [end, ...rows].flatMap(errorsIn);
  errors.push(...frames.flatMap(errorEventsIn));
  if (errors.length > 0) return readRefusal(errors[0], false);
  if (end?.HasErrors === true || end?.Cancelled === true) return readRefusal({}, false);
  return undefined;
}

/** The service's errors in place of a row or in the last frame. Those of version 1 are words alone. */
function errorsIn(item: unknown): readonly unknown[] {
  if (!isObject(item)) return [];
  if ("OneApiErrors" in item && Array.isArray(item.OneApiErrors)) return item.OneApiErrors;
  if (!("Exceptions" in item) || !Array.isArray(item.Exceptions)) return [];
  return item.Exceptions.map((words: unknown) => ({ error: { message: words } }));
}

/** Events of the query's completion as severe as this, or more, are errors; the client's library counts them so, too. */
const ERROR_LEVEL = 2;

/** Errors that are told as events of the query's completion alone. */
function errorEventsIn(frame: Frame): unknown[] {
  if (frame.TableKind !== "QueryCompletionInformation") return [];
  const columns = readColumns(frame).map(({ name }) => name);
  const [level, payload] = [columns.indexOf("Level"), columns.indexOf("Payload")];
  const events = Array.isArray(frame.Rows)
    ? frame.Rows.filter((row): row is unknown[] => Array.isArray(row))
    : [];
  return events
    .filter((event) => Number(event[level] ?? Infinity) <= ERROR_LEVEL)
    .map((event) => payloadIn(event[payload]));
}

function payloadIn(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** The primary results: each one frame, or, when progress was asked for, a header and fragments. @throws NotAnAnswer */
function tablesIn(frames: readonly Frame[]): Table[] {
  const tables: Table[] = [];
  /** Those that come in parts, by their id; undefined for a table that is no result. */
  const inParts = new Map<number, Table | undefined>();
  for (const frame of frames) {
    const isResult = frame.TableKind === "PrimaryResult";
    switch (frame.FrameType) {
      case "DataTable":
        if (isResult) tables.push(tableIn(frame));
        break;
      case "TableHeader": {
        const table = isResult ? { columns: readColumns(frame), rows: [] } : undefined;
        if (table !== undefined) tables.push(table);
        inParts.set(readTableId(frame), table);
        break;
      }
      case "TableFragment":
        addPart(frame, findPart(frame, inParts));
        break;
      case "TableCompletion":
        checkCount(frame, findPart(frame, inParts));
        break;
    }
  }
  return tables;
}

function tableIn(frame: Frame): Table {
  const columns = readColumns(frame);
  return { columns, rows: readRows(frame, columns) };
}

function findPart(frame: Frame, inParts: ReadonlyMap<number, Table | undefined>): Table | undefined {
  const id = readTableId(frame);
  if (!inParts.has(id)) throw shapeless("it has a part of a table that was not announced");
  return inParts.get(id);
}

function addPart(frame: Frame, table: Table | undefined): void {
  if (table === undefined) return;
  const rows = readRows(frame, table.columns);
  table.rows = frame.TableFragmentType === "DataReplace" ? rows : table.rows.concat(rows);
}

function checkCount({ RowCount }: Frame, table: Table | undefined): void {
  if (table === undefined || typeof RowCount !== "number" || RowCount === table.rows.length) return;
  throw shapeless(`its result has ${table.rows.length} rows, announced are ${RowCount}`);
}
