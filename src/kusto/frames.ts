/**
 * What an answer is made of ("Query V2 HTTP response"), and the check that a text is one. What is not of this shape
 * was not said by the service, or not wholly: it is never taken for an answer.
 *
 * | part                | must be                                                                         |
 * |---------------------|---------------------------------------------------------------------------------|
 * | the answer          | a JSON array of frames, each with a `FrameType`                                 |
 * | the first frame     | `DataSetHeader` with `Version` v2                                               |
 * | the last frame      | `DataSetCompletion` with `HasErrors`                                            |
 * | a result            | at least one column, names that differ, each with a type                        |
 * | `TableFragment`     | of a table whose `TableHeader` came before, by `TableId`                        |
 * | `TableCompletion`   | the number of rows that came                                                    |
 * | a row               | an array with one cell for each column, of the column's type or null            |
 *
 * In place of a row the service may give its errors: `{ OneApiErrors }`, or `{ Exceptions }` as in version 1.
 */
import type { KustoColumn } from "./kusto.ts";

/** The parts of a frame that are read; nothing is known of them yet. */
export interface Frame {
  readonly FrameType?: unknown;
  readonly Version?: unknown;
  readonly TableId?: unknown;
  readonly TableKind?: unknown;
  readonly TableFragmentType?: unknown;
  readonly Columns?: unknown;
  readonly Rows?: unknown;
  readonly RowCount?: unknown;
  readonly HasErrors?: unknown;
  readonly Cancelled?: unknown;
  readonly OneApiErrors?: unknown;
}

/** Some text that is not the service's answer: why, in words. */
export class NotAnAnswer extends Error {
  /** Nothing in it is the service's; else it begins as an answer does. */
  readonly isForeign: boolean;

  constructor(message: string, options: { readonly isForeign: boolean }) {
    super(message);
    this.name = "NotAnAnswer";
    this.isForeign = options.isForeign;
  }
}

/** The frames of a text. @throws NotAnAnswer */
export function framesIn(text: string): readonly Frame[] {
  const frames = jsonIn(text);
  if (!Array.isArray(frames) || !frames.every(isFrame)) {
    throw new NotAnAnswer("it is JSON without the frames of an answer", { isForeign: true });
  }
  const [first] = frames;
  const last = frames.at(-1);
  if (first?.FrameType !== "DataSetHeader" || !/^v2\b/.test(String(first.Version))) {
    throw new NotAnAnswer("it does not begin with the header of an answer", { isForeign: true });
  }
  // Without its last frame nobody knows whether rows are missing.
  if (last?.FrameType !== "DataSetCompletion" || typeof last.HasErrors !== "boolean") {
    throw shapeless("its last frame is missing");
  }
  return frames;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === "") throw new NotAnAnswer("it is empty", { isForeign: false });
    if (/^\s*</.test(text)) throw new NotAnAnswer("it is a web page", { isForeign: true });
    const isCut = /^\s*[[{]/.test(text);
    const message = isCut
      ? `it breaks off or is no JSON, after ${Buffer.byteLength(text)} bytes`
      : "it is no JSON";
    throw new NotAnAnswer(message, { isForeign: !isCut });
  }
}

function isFrame(value: unknown): value is Frame {
  return isObject(value) && "FrameType" in value && typeof value.FrameType === "string";
}

/** Whether it is an object, and no null. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The table's id. @throws NotAnAnswer */
export function readTableId({ FrameType, TableId }: Frame): number {
  if (typeof TableId !== "number" || !Number.isInteger(TableId)) {
    throw shapeless(`a ${String(FrameType)} has no TableId`);
  }
  return TableId;
}

/** The columns that a table or its header names. @throws NotAnAnswer */
export function readColumns({ Columns }: Frame): readonly KustoColumn[] {
  if (!Array.isArray(Columns) || Columns.length === 0) throw shapeless("a table has no columns");
  const columns = Columns.map((column: unknown) => {
    const isColumn = isObject(column) && "ColumnName" in column && "ColumnType" in column;
    if (!isColumn || typeof column.ColumnName !== "string" || typeof column.ColumnType !== "string") {
      throw shapeless("a column has no name or no type");
    }
    return { name: column.ColumnName, type: column.ColumnType };
  });
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw shapeless(`two columns have the name ${twice}`);
  return columns;
}

/** The rows of a table or of a part of one. @throws NotAnAnswer where there are none, or other things among them */
export function readRows({ Rows }: Frame, columns: readonly KustoColumn[]): readonly (readonly unknown[])[] {
  if (!Array.isArray(Rows)) throw shapeless("a table has no rows");
  const rows: readonly unknown[] = Rows;
  const fits = columns.map(({ type }) => CELLS.get(type) ?? isAnything);
  const isOfColumns = (row: unknown): row is readonly unknown[] =>
    Array.isArray(row) &&
    row.length === columns.length &&
    fits.every((fit, cell) => row[cell] === null || fit(row[cell]));
  const isAll = (all: readonly unknown[]): all is readonly (readonly unknown[])[] => all.every(isOfColumns);
  if (isAll(rows)) return rows;
  const bad = rows.findIndex((row) => !isOfColumns(row));
  throw shapeless(`row ${bad + 1} of its result ${rowProblem(rows[bad], columns)}`);
}

function rowProblem(row: unknown, columns: readonly KustoColumn[]): string {
  if (!Array.isArray(row)) return "is no row";
  if (row.length !== columns.length) return `has ${row.length} cells for ${columns.length} columns`;
  const isBad = ({ type }: KustoColumn, at: number): boolean =>
    row[at] !== null && CELLS.get(type)?.(row[at]) === false;
  const at = columns.findIndex(isBad);
  return `has a ${typeof row[at]} in ${columns[at]?.name}, promised is a ${columns[at]?.type}`;
}

type Fit = (cell: unknown) => boolean;
const isString: Fit = (cell) => typeof cell === "string";
const isWhole: Fit = (cell) => Number.isInteger(cell);
/** NaN and the infinities come as texts, decimals too. */
const isNumber: Fit = (cell) => typeof cell === "number" || typeof cell === "string";
const isTruth: Fit = (cell) => typeof cell === "boolean" || typeof cell === "number";
const isAnything: Fit = () => true;

/** The cells of each type, as JSON gives them; of any other type, and `dynamic`, they may be anything. */
const CELLS: ReadonlyMap<string, Fit> = new Map([
  ["string", isString],
  ["guid", isString],
  ["datetime", isString],
  ["timespan", isString],
  ["long", isWhole],
  ["int", isWhole],
  ["real", isNumber],
  ["decimal", isNumber],
  ["bool", isTruth],
]);

/** It begins as an answer does, but is none. */
export function shapeless(message: string): NotAnAnswer {
  return new NotAnAnswer(message, { isForeign: false });
}
