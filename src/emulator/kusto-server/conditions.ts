/** Conditions of `where`: comparisons of a column with a parameter or a literal, joined by `and` and `or`. */
import type { SQLInputValue } from "node:sqlite";
import { type ParameterValue, readLiteral } from "./literals.ts";
import { semanticError, syntaxError } from "./service-refusal.ts";

export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export interface Scope {
  /** SQL of a column, undefined when there is none of this name. */
  column(name: string): string | undefined;
  readonly parameters: ReadonlyMap<string, ParameterValue>;
  /** What `ago` counts from, ms since the epoch. */
  readonly now: number;
}

const LITERAL = String.raw`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`;
const PARTS: readonly [RegExp, (scope: Scope, ...groups: string[]) => Condition][] = [
  [/\s+/y, () => plain(" ")],
  [/(\(|\)|and\b|or\b)/y, (_, word) => plain(` ${word} `)],
  [
    /hash(?:_xxhash64)?\(\s*(\w+)\s*,\s*(\d+)\s*\)\s*==\s*(\d+)/y,
    (scope, name, of, index) => ({
      sql: `kusto_hash(${columnIn(scope, name)}, ?) = ?`,
      values: [Number(of), Number(index)],
    }),
  ],
  [/array_length\(\s*(\w+)\s*\)\s*==\s*(\d+)/y, hasLength],
  [/(isempty|isnotempty)\(\s*(\w+)\s*\)/y, isEmpty],
  [/(?:tostring\(\s*)?(\w+)\)?\s*(in~?)\s*\(([^()]*)\)/y, isIn],
  [
    new RegExp(
      String.raw`(?:tostring\(\s*)?(\w+)\)?\s*(==|=~|!=|>=|<=|<|>|endswith\b|startswith\b|contains\b)\s*(ago\(\w+\)|datetime\([^()]*\)|${LITERAL}|\w+)`,
      "y",
    ),
    compared,
  ],
];

/** @throws ServiceRefusal for a name that is not known, and for what is not understood here */
export function readCondition(scope: Scope, text: string): Condition {
  const sql: string[] = [];
  const values: SQLInputValue[] = [];
  for (let at = 0; at < text.length;) {
    const part = PARTS.map(([pattern, read]) => {
      pattern.lastIndex = at;
      return { match: pattern.exec(text), read };
    }).find(({ match }) => match !== null);
    if (part?.match == null) {
      throw syntaxError(
        `A recognition error occurred: this stand-in does not know '${text.slice(at, at + 60)}'.`,
      );
    }
    const [whole, ...groups] = part.match;
    const condition = part.read(scope, ...groups);
    sql.push(condition.sql);
    values.push(...condition.values);
    at += whole.length;
  }
  return { sql: `(${sql.join("")})`, values };
}

function plain(sql: string): Condition {
  return { sql, values: [] };
}

function columnIn(scope: Scope, name = ""): string {
  const sql = scope.column(name);
  if (sql !== undefined) return sql;
  throw semanticError(`'where' operator: Failed to resolve scalar expression named '${name}'`);
}

function hasLength(scope: Scope, name = "", length = ""): Condition {
  const value = scope.parameters.get(name);
  if (!Array.isArray(value)) throw semanticError(`array_length(): '${name}' is no list`);
  return plain(value.length === Number(length) ? "1" : "0");
}

function isEmpty(scope: Scope, kind = "", name = ""): Condition {
  const value = scope.parameters.get(name);
  const sql = kind === "isempty" ? "= ''" : "<> ''";
  if (value === undefined) return plain(`ifnull(${columnIn(scope, name)}, '') ${sql}`);
  return { sql: `? ${sql}`, values: [String(value)] };
}

function isIn(scope: Scope, name = "", operator = "", list = ""): Condition {
  const parameter = scope.parameters.get(list.trim());
  const wanted = Array.isArray(parameter)
    ? (parameter as readonly string[])
    : list.split(",").map((item) => readValue(scope, item.trim()));
  const column = columnIn(scope, name);
  const collate = operator === "in~" ? " COLLATE NOCASE" : "";
  return {
    sql: `${column}${collate} IN (SELECT value FROM json_each(?))`,
    values: [JSON.stringify(wanted)],
  };
}

function compared(scope: Scope, name = "", operator = "", right = ""): Condition {
  const column = columnIn(scope, name);
  const value = readValue(scope, right);
  switch (operator) {
    case "endswith":
      return {
        sql: `(? = '' OR substr(lower(${column}), -length(?)) = lower(?))`,
        values: [value, value, value],
      };
    case "startswith":
      return { sql: `substr(lower(${column}), 1, length(?)) = lower(?)`, values: [value, value] };
    case "contains":
      return { sql: `instr(lower(${column}), lower(?)) > 0`, values: [value] };
    case "=~":
      return { sql: `${column} = ? COLLATE NOCASE`, values: [value] };
    default:
      return { sql: `${column} ${operator === "==" ? "=" : operator} ?`, values: [value] };
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** A parameter, a literal, or a time: `ago(7d)`, `datetime(2030-01-01)`. */
function readValue(scope: Scope, text: string): string | number {
  const parameter = scope.parameters.get(text);
  if (parameter !== undefined) return typeof parameter === "number" ? parameter : String(parameter);
  const [, count, unit = ""] = /^ago\((\d+)([dhm])\)$/.exec(text) ?? [];
  if (count !== undefined) return new Date(scope.now - Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
  if (text.startsWith("datetime(")) return String(readLiteral("literal", "datetime", text));
  if (/^["']/.test(text)) return String(readLiteral("literal", "string", text));
  if (/^\d+$/.test(text)) return Number(text);
  throw semanticError(`'where' operator: Failed to resolve scalar expression named '${text}'`);
}
