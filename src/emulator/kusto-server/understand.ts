/**
 * Turns the queries that reupload and its examples send into SQL. This is no KQL engine: it knows
 * comparisons with parameters and literals, and the operators that shape an answer.
 */
import type { SQLInputValue } from "node:sqlite";
import { readCondition } from "./conditions.ts";
import { readQueryText, splitOutside } from "./kql-text.ts";
import { type ParameterValue, readLiteral } from "./literals.ts";
import { semanticError, syntaxError } from "./service-refusal.ts";
import type { Column, KustoTables } from "./tables.ts";

export interface Question {
  readonly columns: readonly Column[];
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** One `SELECT` in the making. */
interface Shape {
  readonly table: string;
  /** By name, the SQL that gives it. */
  columns: Map<string, { readonly type: string; readonly sql: string }>;
  readonly conditions: string[];
  readonly values: SQLInputValue[];
  readonly known: ReadonlyMap<string, ParameterValue>;
  /** ms since the epoch */
  readonly now: number;
  order: string;
  group: string;
  limit: number | undefined;
}

/**
 * @param parameters as they came: names and literals
 * @param now ms since the epoch
 * @throws ServiceRefusal for an unknown table, column or operator, and for parameters that do not fit
 */
export function understand(
  tables: KustoTables,
  text: string,
  parameters: Readonly<Record<string, string>>,
  now: number,
): Question {
  const { declared, operators } = readQueryText(text);
  const known = new Map<string, ParameterValue>();
  for (const [name, { type, fallback }] of declared) {
    const given = parameters[name] ?? fallback;
    if (given === undefined)
      throw semanticError(`Query parameter '${name}' was declared but is not specified`);
    known.set(name, readLiteral(name, type, given));
  }
  const [head = "", ...rest] = operators;
  let shape = readShape(tables, head, { known, now });
  for (const operator of rest) {
    const [, verb = "", after = ""] = /^(\w+)\s*([^]*)$/.exec(operator) ?? [];
    if (needsAnother(shape, verb)) shape = around(shape);
    apply(shape, verb, after);
  }
  return toQuestion(shape);
}

/** Whether the operator works on what the ones before gave, not beside them. */
function needsAnother(shape: Shape, verb: string): boolean {
  return (
    shape.limit !== undefined || (shape.group !== "" && !["order", "sort", "take", "limit"].includes(verb))
  );
}

function around(shape: Shape): Shape {
  const { columns, sql } = toQuestion(shape);
  return {
    ...shape,
    table: `(${sql})`,
    columns: new Map(columns.map(({ name, type }) => [name, { type, sql: `"${name}"` }])),
    conditions: [],
    order: "",
    group: "",
    limit: undefined,
  };
}

function readShape(tables: KustoTables, head: string, { known, now }: Pick<Shape, "known" | "now">): Shape {
  if (head !== "WorkItems" && head !== "Files") {
    throw semanticError(`'table' operator: Failed to resolve table expression named '${head}'`);
  }
  const columns = tables.columns[head].map(({ name, type }) => [name, { type, sql: `"${name}"` }] as const);
  return {
    table: head,
    columns: new Map(columns),
    conditions: [],
    values: [],
    known,
    now,
    order: "",
    group: "",
    limit: undefined,
  };
}

function toQuestion(shape: Shape): Question {
  const where = shape.conditions.length === 0 ? "" : ` WHERE ${shape.conditions.join(" AND ")}`;
  const limit = shape.limit === undefined ? "" : ` LIMIT ${shape.limit}`;
  const list = [...shape.columns].map(([name, { sql }]) => `${sql} AS "${name}"`).join(", ");
  return {
    columns: [...shape.columns].map(([name, { type }]) => ({ name, type })),
    sql: `SELECT ${list} FROM ${shape.table}${where}${shape.group}${shape.order}${limit}`,
    values: shape.values,
  };
}

function apply(shape: Shape, verb: string, rest: string): void {
  switch (verb) {
    case "where":
      return filter(shape, rest);
    case "project":
      return project(shape, rest);
    case "extend":
      return extend(shape, rest);
    case "distinct":
      project(shape, rest);
      shape.group = ` GROUP BY ${[...shape.columns.values()].map((column) => column.sql).join(", ")}`;
      return;
    case "order":
    case "sort":
      return order(shape, rest.replace(/^by\s+/, ""));
    case "take":
    case "limit":
      shape.limit = Number(rest);
      return;
    case "count":
      shape.columns = new Map([["Count", { type: "long", sql: "count(*)" }]]);
      return;
    case "summarize":
      return summarize(shape, rest);
    default:
      throw syntaxError(`A recognition error occurred at '${verb}'.`);
  }
}

function findColumn(shape: Shape, operator: string, name: string): { type: string; sql: string } {
  const column = shape.columns.get(name);
  if (column !== undefined) return column;
  throw semanticError(`'${operator}' operator: Failed to resolve scalar expression named '${name}'`);
}

function project(shape: Shape, list: string): void {
  shape.columns = new Map(
    splitOutside(list, ",").map((item) => {
      const [, name, source, inside] =
        /^(\w+)(?:\s*=\s*(?:tostring\(\s*(\w+)\s*\)|(\w+)))?$/.exec(item) ?? [];
      if (name === undefined) throw syntaxError(`A recognition error occurred at '${item}'.`);
      const column = findColumn(shape, "project", source ?? inside ?? name);
      return [name, source === undefined ? column : { ...column, type: "string" }];
    }),
  );
}

/** What is computed is not known here, except that it is there; `min` knows when links end. */
function extend(shape: Shape, list: string): void {
  for (const item of splitOutside(list, ",")) {
    const [, name = "", source = ""] = /^(\w+)\s*=\s*(?:tostring\(\s*)?(\w+)?/.exec(item) ?? [];
    shape.columns.set(name, shape.columns.get(source) ?? { type: "string", sql: "link_end(Uri)" });
  }
}

function order(shape: Shape, list: string): void {
  const terms = splitOutside(list, ",").map((item) => {
    const [name = "", direction = "desc"] = item.split(/\s+/);
    return `${findColumn(shape, "sort", name).sql} ${direction === "asc" ? "ASC" : "DESC"}`;
  });
  shape.order = ` ORDER BY ${terms.join(", ")}`;
}

/** `Files=count(), LinksEnd=min(...) by JobId, WorkItemId` */
function summarize(shape: Shape, rest: string): void {
  const by = /\sby\s([^]*)$/.exec(rest);
  const keys = by === null ? [] : splitOutside(by[1] ?? "", ",");
  const columns = new Map(keys.map((name) => [name, findColumn(shape, "summarize", name)]));
  for (const item of splitOutside(by === null ? rest : rest.slice(0, by.index), ",")) {
    const [, name, function_] = /^(?:(\w+)\s*=\s*)?(\w+)\s*\(/.exec(item) ?? [];
    if (function_ === "count") columns.set(name ?? "count_", { type: "long", sql: "count(*)" });
    else if (function_ === "min" || function_ === "minif") {
      findColumn(shape, "summarize", "Uri");
      columns.set(name ?? "min_", { type: "string", sql: "min(link_end(Uri))" });
    } else throw syntaxError(`A recognition error occurred at '${item}'.`);
  }
  shape.group = keys.length === 0 ? "" : ` GROUP BY ${keys.map((name) => columns.get(name)?.sql).join(", ")}`;
  shape.order = "";
  shape.columns = columns;
}

function filter(shape: Shape, text: string): void {
  const column = (name: string) => shape.columns.get(name)?.sql;
  const condition = readCondition({ column, parameters: shape.known, now: shape.now }, text);
  shape.conditions.push(condition.sql);
  shape.values.push(...condition.values);
}
