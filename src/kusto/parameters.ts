/** `--param name=value` for the parameters that a query declares. */
import { ReuploadError } from "../core/errors.ts";
import type { KustoValue } from "./kusto.ts";
import type { DeclaredParameter } from "./query-text.ts";

/** Reads the text of one value; undefined when it is none of this type. */
type Read = (text: string) => KustoValue | undefined;

const TIMESPAN =
  /^-?(?:\d+(?:\.\d+)?(?:d|h|m|s|ms|microsecond|tick)|(?:\d+\.)?\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?)$/;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** By Kusto's name of the type: how a value is read, and an example for who gave a wrong one. */
const TYPES: Readonly<Record<string, { readonly read: Read; readonly example: string }>> = {
  string: { read: (value) => ({ type: "string", value }), example: "text" },
  int: {
    read: (text) => (isWhole(text, 32) ? { type: "int", value: Number(text) } : undefined),
    example: "42",
  },
  long: {
    read: (text) => (isWhole(text, 64) ? { type: "long", value: BigInt(text) } : undefined),
    example: "42",
  },
  real: { read: realNumber, example: "1.5" },
  bool: { read: yesOrNo, example: "true" },
  datetime: { read: dateTime, example: "2026-01-31 or 2026-01-31T10:00:00Z" },
  timespan: {
    read: (value) => (TIMESPAN.test(value) ? { type: "timespan", value } : undefined),
    example: "7d or 12:30:00",
  },
  guid: {
    read: (value) => (GUID.test(value) ? { type: "guid", value } : undefined),
    example: "74be27de-1e4e-49d9-b579-fe0b331d3642",
  },
  dynamic: { read: list, example: 'A,B,C or ["A","B,C"]' },
};

/**
 * @param texts as given: `name=value`; a list is `name=a,b,c`, a JSON list, or the name several times
 * @returns the values by name, by the types that the query declares
 * @throws ReuploadError `bad-option` for one that is unknown, missing, given twice or not of its type
 */
export function readParameters(
  texts: readonly string[],
  declared: readonly DeclaredParameter[],
): Record<string, KustoValue> {
  const values = new Map<string, KustoValue>();
  for (const text of texts) {
    const [, name = "", value = ""] = /^\s*(\w+)\s*=([^]*)$/.exec(text) ?? [];
    if (name === "") {
      throw wrong(`--param "${text}" is not name=value.`, "For example: --param machines=A,B,C");
    }
    const parameter = declared.find((one) => one.name === name);
    if (parameter === undefined) throw unknown(name, declared);
    values.set(name, joined(name, values.get(name), readValue(parameter, value)));
  }
  for (const { name, type, hasDefault } of declared) {
    if (hasDefault || values.has(name)) continue;
    throw wrong(
      `The query's parameter ${name} (${type}) has no value.`,
      `Give --param ${name}=${TYPES[type]?.example ?? "..."}`,
    );
  }
  return Object.fromEntries(values);
}

function readValue({ name, type }: DeclaredParameter, text: string): KustoValue {
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (known === undefined) {
    throw wrong(
      `The query's parameter ${name} is of type ${type}, which --param cannot give.`,
      `Declare it as one of: ${Object.keys(TYPES).join(", ")}`,
    );
  }
  const value = known.read(type === "string" ? text : text.trim());
  if (value !== undefined) return value;
  if (type === "dynamic" && text.trim() === "") {
    throw wrong(`--param ${name} is empty.`, `For example: --param ${name}=A,B,C (no items at all: [])`);
  }
  throw wrong(
    `--param ${name}=${text} is not a value of type ${type}.`,
    `For example: --param ${name}=${known.example}`,
  );
}

/** The values of a list add up; anything else has one. */
function joined(name: string, before: KustoValue | undefined, value: KustoValue): KustoValue {
  if (before === undefined) return value;
  if (before.type === "dynamic" && value.type === "dynamic") {
    return { type: "dynamic", value: [...before.value, ...value.value] };
  }
  throw wrong(
    `--param ${name} is given twice.`,
    "Give it once. Only a list (dynamic) can be given in parts.",
  );
}

function unknown(name: string, declared: readonly DeclaredParameter[]): ReuploadError {
  const names = declared.map((one) => one.name).join(", ");
  return wrong(
    `--param ${name}: the query declares no parameter of this name.`,
    names === ""
      ? `Begin the query with: declare query_parameters(${name}:string);`
      : `The query declares: ${names}`,
  );
}

function wrong(message: string, advice: string): ReuploadError {
  return new ReuploadError("bad-option", message, { advice });
}

/** A whole number of so many bits. The least one is Kusto's null. */
function isWhole(text: string, bits: number): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const most = 2n ** BigInt(bits - 1) - 1n;
  const value = BigInt(text);
  return -most <= value && value <= most;
}

function realNumber(text: string): KustoValue | undefined {
  const value = Number(text);
  return /^-?\d*\.?\d+(?:e[-+]?\d+)?$/i.test(text) && Number.isFinite(value)
    ? { type: "real", value }
    : undefined;
}

function yesOrNo(text: string): KustoValue | undefined {
  return /^(?:true|false)$/i.test(text) ? { type: "bool", value: text.toLowerCase() === "true" } : undefined;
}

/** ISO 8601; a time without a zone is UTC, as in Kusto. */
function dateTime(text: string): KustoValue | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?)\s*(Z|[-+]\d{2}:\d{2})?)?$/i.exec(text);
  if (match === null) return undefined;
  const [, day = "", time = "00:00", zone = "Z"] = match;
  const isDay = new Date(`${day}T00:00Z`);
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  // A day that the month does not have would be taken for one of the next.
  if (Number.isNaN(ms) || isDay.toISOString().slice(0, 10) !== day) return undefined;
  return { type: "datetime", value: new Date(ms).toISOString() };
}

function list(text: string): KustoValue | undefined {
  const value = text.startsWith("[") ? jsonList(text) : text.split(",").map((item) => item.trim());
  return value === undefined || value.includes("") ? undefined : { type: "dynamic", value };
}

function jsonList(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isPlain = (item: unknown) => typeof item === "string" || typeof item === "number";
    return Array.isArray(value) && value.every(isPlain) ? value.map(String) : undefined;
  } catch {
    return undefined;
  }
}
