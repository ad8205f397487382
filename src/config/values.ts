/**
 * What the values of options may be. Each parser takes the text of a flag or environment variable (or the scalar of a
 * configuration file as text) and gives the typed value, or throws a RangeError whose message says what is expected.
 * Plain functions: a schema library costs the start of every command 70 ms and would hold the same functions.
 */
import { FAILURE_CODES, type FailureCode } from "../core/failure.ts";
import { parseSourcePrefix } from "../core/source-prefix.ts";
import { parseNameTemplate } from "../core/target-name.ts";
import { parseTimetable, type Timetable } from "../core/timetable.ts";
import { suggest } from "./suggest.ts";

export type Parser<Value> = (text: string) => Value;

/** A whole number in `[min, max]`. */
export function wholeNumber(min: number, max: number): Parser<number> {
  return (given) => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= min && value <= max) return value;
    throw new RangeError(`expected a whole number from ${min} to ${max}`);
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `30s`, `10m`, `6h`, `1h30m`; ms. */
export const duration: Parser<number> = (given) => {
  const parts = [...given.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== given) {
    throw new RangeError("expected a duration such as 30s, 10m or 6h");
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ""] ?? 0), 0);
};

export function oneOf<const Words extends readonly string[]>(...words: Words): Parser<Words[number]> {
  return (given) => {
    const found = words.find((word) => word === given);
    if (found !== undefined) return found;
    const near = suggest(given, words);
    throw new RangeError(
      `expected ${words.join(", ")}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    );
  };
}

/** `true` or `false`; a flag that is given stands for `true`. */
export const yesOrNo: Parser<boolean> = (given) => oneOf("true", "false")(given) === "true";

export const text: Parser<string> = (given) => {
  if (given.trim() === "") throw new RangeError("expected a text");
  return given;
};

export const nameTemplate: Parser<string> = (given) => parseNameTemplate(text(given)).text;

export const sourcePrefix: Parser<string> = (given) => parseSourcePrefix(text(given)).text;

/** How many failed files are too many: a number, or a share of those finished. */
export type MaxFailures = { readonly files: number } | { readonly percent: number };

/** `50` or `2.5%` */
export const maxFailures: Parser<MaxFailures> = (given) => {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(given);
  if (percent !== null && Number(percent[1]) <= 100) return { percent: Number(percent[1]) };
  if (/^\d+$/.test(given)) return { files: Number(given) };
  throw new RangeError("expected a number of files such as 50, or a share such as 2%");
};

/** How many file slots: found while it runs, or so many. */
export const concurrency: Parser<"auto" | number> = (given) => {
  if (given === "auto") return "auto";
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= 1 && value <= MOST_SLOTS) return value;
  throw new RangeError(`expected auto, or a whole number from 1 to ${MOST_SLOTS}`);
};

const MOST_SLOTS = 10_000;

const BYTES_OF_UNIT: Readonly<Record<string, number>> = {
  bit: 1 / 8,
  kbit: 1e3 / 8,
  Mbit: 1e6 / 8,
  Gbit: 1e9 / 8,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Below this a brake would stand still between two requests. */
const LEAST_BANDWIDTH = 10_000;

/** Bytes a second, such as `10MB/s` or `80Mbit/s`, all day or by a timetable. */
export const bandwidth: Parser<Timetable> = (given) =>
  parseTimetable(given, (rate) => {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]+)\/s$/.exec(rate) ?? [];
    const bytes = Number(amount) * (BYTES_OF_UNIT[unit] ?? Number.NaN);
    if (bytes >= LEAST_BANDWIDTH) return bytes;
    throw new RangeError(
      "expected a rate of at least 10kB/s such as 10MB/s, 80Mbit/s or off, or a timetable such as 08:00,10MB/s 20:00,off",
    );
  });

/** Requests a second, such as `500/s`, all day or by a timetable. */
export const requestRate: Parser<Timetable> = (given) =>
  parseTimetable(given, (rate) => {
    const [, amount = ""] = /^(\d+)\/s$/.exec(rate) ?? [];
    if (Number(amount) >= 1) return Number(amount);
    throw new RangeError(
      "expected a rate such as 500/s or off, or a timetable such as 08:00,500/s 20:00,off",
    );
  });

/** `all`, `none`, or failure codes separated by commas. */
export const retryFailed: Parser<"all" | "none" | readonly FailureCode[]> = (given) => {
  if (given === "all" || given === "true") return "all";
  if (given === "none" || given === "false") return "none";
  return given.split(",").map((part) => {
    const word = part.trim();
    const code = FAILURE_CODES.find((known) => known === word);
    if (code !== undefined) return code;
    const near = suggest(word, FAILURE_CODES);
    const hint = near === undefined ? `known are ${FAILURE_CODES.join(", ")}` : `did you mean ${near}?`;
    throw new RangeError(`expected failure codes, "${word}" is none: ${hint}`);
  });
};

/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
export const containerName = storageName("a container name");
export const queueName = storageName("a queue name");

function storageName(what: string): Parser<string> {
  return (given) => {
    if (/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/.test(given)) return given;
    throw new RangeError(`expected ${what}: 3 to 63 lower-case letters, digits and single hyphens`);
  };
}
