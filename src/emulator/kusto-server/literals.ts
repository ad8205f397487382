/**
 * Reads the values that come beside a query. As documented ("Query parameters declaration statement") each is a
 * literal, read by its declared type.
 */
import { semanticError } from "./service-refusal.ts";

export type ParameterValue = string | number | boolean | readonly string[];

/** @throws ServiceRefusal when the text is no literal of this type */
export function readLiteral(name: string, type: string, text: string): ParameterValue {
  const value = type === "string" ? stringIn(text) : valueIn(type, inBrackets(type, text));
  if (value === undefined) {
    throw semanticError(`Query parameter '${name}' of type '${type}' cannot be parsed from its value`);
  }
  return value;
}

/** A text without quotes stands for itself. */
function stringIn(text: string): string | undefined {
  return /^[@hH]*["'`]/.test(text) ? unquoted(text) : text;
}

/** `long(5)` -> `5`; numbers and booleans may stand without. */
function inBrackets(type: string, text: string): string {
  const start = `${type}(`;
  return text.startsWith(start) && text.endsWith(")") ? text.slice(start.length, -1) : text;
}

function valueIn(type: string, text: string): ParameterValue | undefined {
  switch (type) {
    case "long":
    case "int":
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case "real":
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "bool":
      return /^(?:true|false)$/.test(text) ? text === "true" : undefined;
    case "datetime":
      return Number.isNaN(Date.parse(text)) ? undefined : new Date(text).toISOString();
    case "timespan":
    case "guid":
      return text === "" ? undefined : text;
    case "dynamic":
      return listIn(text);
    default:
      return undefined;
  }
}

function listIn(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : undefined;
  } catch {
    return undefined;
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
};

/** Reads a whole quoted literal; undefined when it is not one, or something follows it. */
function unquoted(text: string): string | undefined {
  const verbatim = /^@(["'])((?:(?!\1)[^]|\1\1)*)\1$/.exec(text);
  if (verbatim !== null) {
    const [, quote = "", inside = ""] = verbatim;
    return inside.replaceAll(quote + quote, quote);
  }
  const match = /^(["'])((?:\\[^\n\r]|(?!\1)[^\\\n\r])*)\1$/.exec(text);
  return match?.[2]?.replaceAll(/\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^])/g, unescaped);
}

/** `\n`, `\"`, `\u2028`, `\x7f` -> the character */
function unescaped(sequence: string): string {
  if (sequence.length > 2) return String.fromCharCode(Number.parseInt(sequence.slice(2), 16));
  const letter = sequence.slice(1);
  return ESCAPED[letter] ?? letter;
}
