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

export interface Parser<Value> {
  (text: string): Value;
  /** Its least and its greatest value, in words; undefined where values have no order. */
  readonly range?: string;
  /** The words that it takes, all of them or the usual ones; undefined where there are none. */
  readonly words?: readonly string[];
  /** The option may be given more than once: the text has a line for each. */
  readonly repeats?: boolean;
}

function ranged<Value>(range: string, parse: Parser<Value>): Parser<Value> {
  return Object.assign((given: string) => parse(given), { range });
}

/** A parser that takes more than these words. */
export function withWords<Value>(words: readonly string[], parse: Parser<Value>): Parser<Value> {
  return Object.assign(parse, { words });
}

/** A whole number in `[min, max]`. */
export function wholeNumber(min: number, max: number): Parser<number> {
  const range = `${min} to ${max}`;
  return ranged(range, (given) => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= min && value <= max) return value;
    throw new RangeError(`expected a whole number from ${range}`);
  });
}

/** `auto`, or what the parser takes. */
export function autoOr<Value>(parser: Parser<Value>): Parser<Value | "auto"> {
  return ranged(parser.range ?? "", (given) => (given === "auto" ? "auto" : parser(given)));
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `30s`, `10m`, `6h`, `1h30m`, not shorter and not longer than these two; ms. */
export function duration(least: string, most: string): Parser<number> {
  const [leastMs = 0, mostMs = 0] = [durationMs(least), durationMs(most)];
  return ranged(`${least} to ${most}`, (given) => {
    const ms = durationMs(given);
    if (ms === undefined) throw new RangeError("expected a duration such as 30s, 10m or 6h");
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new RangeError(`expected a duration from ${least} to ${most}`);
  });
}

/** `1h30m` in ms; undefined when it is no duration. */
export function durationMs(given: string): number | undefined {
  const parts = [...given.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== given) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ""] ?? 0), 0);
}

/** Takes one of these words as it is written; the error of any other lists them and names the nearest. */
export function oneOf<const Words extends readonly string[]>(...words: Words): Parser<Words[number]> {
  const parse = (given: string): Words[number] => {
    const found = words.find((word) => word === given);
    if (found !== undefined) return found;
    const near = suggest(given, words);
    throw new RangeError(
      `expected ${listWords(words)}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    );
  };
  return Object.assign(parse, { words });
}

/** The words that are allowed, as a sentence has them: `a, b or c`. */
export function listWords(words: readonly string[]): string {
  return words.join(", ").replace(/, (?=[^,]*$)/, " or ");
}

/** `true` or `false`; a flag that is given stands for `true`. */
export const yesOrNo: Parser<boolean> = (given) => oneOf("true", "false")(given) === "true";

export const text: Parser<string> = (given) => {
  if (given.trim() === "") throw new RangeError("expected a text that is not empty");
  return given;
};

/** A text that is sent as a header: what cannot stand in one would fail every request. */
export const headerText: Parser<string> = (given) => {
  const value = text(given).trim();
  if (/^[\x20-\x7e]+$/.test(value)) return value;
  throw new RangeError("expected ASCII letters, digits and signs on one line");
};

export const nameTemplate: Parser<string> = (given) => parseNameTemplate(text(given)).text;

export const sourcePrefix: Parser<string> = (given) => parseSourcePrefix(text(given)).text;

/** How many failed files are too many: a number, or a share of those finished. */
export type MaxFailures = { readonly files: number } | { readonly percent: number };

const MOST_FILES = 1_000_000_000;

/** `50` or `2.5%` */
export const maxFailures = ranged<MaxFailures>(`0 to ${MOST_FILES}, 0% to 100%`, (given) => {
  const [, number = "", isShare] = /^(\d+(?:\.\d+)?)(%?)$/.exec(given) ?? [];
  const value = Number(number);
  if (isShare === "%" && value <= 100) return { percent: value };
  if (isShare === "" && !number.includes(".") && value <= MOST_FILES) return { files: value };
  if (number === "") throw new RangeError("expected a number of files such as 50, or a share such as 2%");
  throw new RangeError(`expected a number of files from 0 to ${MOST_FILES}, or a share from 0% to 100%`);
});

/** A part of a whole that is drawn: so many, or a share. */
export type PartSize = { readonly count: number } | { readonly percent: number };

const MOST_DRAWN = 100_000;

/** `1000` or `0.5%` */
export const partSize = ranged<PartSize>(`1 to ${MOST_DRAWN}, more than 0% to 100%`, (given) => {
  const [, number = "", isShare] = /^(\d+(?:\.\d+)?)(%?)$/.exec(given) ?? [];
  const value = Number(number);
  if (isShare === "%" && value > 0 && value <= 100) return { percent: value };
  if (isShare === "" && Number.isInteger(value) && value >= 1 && value <= MOST_DRAWN) return { count: value };
  throw new RangeError(`expected a number from 1 to ${MOST_DRAWN}, or a share such as 1%`);
});

const MOST_SLOTS = 10_000;

/** How many file slots: found while it runs, or so many. */
export const concurrency = withWords(
  ["auto"],
  ranged<"auto" | number>(`1 to ${MOST_SLOTS}`, (given) => {
    if (given === "auto") return "auto";
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= 1 && value <= MOST_SLOTS) return value;
    throw new RangeError(`expected auto, or a whole number from 1 to ${MOST_SLOTS}`);
  }),
);

const MOST_THREADS = 256;

/** How many threads carry files: found while it runs, or so many. */
export const threads = withWords(
  ["auto"],
  ranged<"auto" | number>(`1 to ${MOST_THREADS}`, (given) => {
    if (given === "auto") return "auto";
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= 1 && value <= MOST_THREADS) return value;
    throw new RangeError(`expected auto, or a whole number from 1 to ${MOST_THREADS}`);
  }),
);

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

/** `10MB`, `1.5GiB` in bytes, perhaps with a fraction; undefined when it is no number of bytes. */
export function byteCount(given: string): number | undefined {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(given) ?? [];
  const bytes = unit.endsWith("B") ? BYTES_OF_UNIT[unit] : undefined;
  return bytes === undefined ? undefined : Number(amount) * bytes;
}

/** Below this a brake would stand still between two requests; above it there is no such line. */
const LEAST_BANDWIDTH = 10_000;
const MOST_BANDWIDTH = 1_000e9;

/** Bytes a second, such as `10MB/s` or `80Mbit/s`, all day or by a timetable. */
export const bandwidth = ranged<Timetable>("10kB/s to 1000GB/s", (given) =>
  parseTimetable(given, (rate) => {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]+)\/s$/.exec(rate) ?? [];
    const bytes = Number(amount) * (BYTES_OF_UNIT[unit] ?? Number.NaN);
    if (bytes >= LEAST_BANDWIDTH && bytes <= MOST_BANDWIDTH) return bytes;
    throw new RangeError(
      "expected a rate from 10kB/s to 1000GB/s such as 10MB/s, 80Mbit/s or off, or a timetable such as 08:00,10MB/s 20:00,off",
    );
  }),
);

const MOST_REQUESTS = 1_000_000;

/** Requests a second, such as `500/s`, all day or by a timetable. */
export const requestRate = ranged<Timetable>(`1/s to ${MOST_REQUESTS}/s`, (given) =>
  parseTimetable(given, (rate) => {
    const [, amount = ""] = /^(\d+)\/s$/.exec(rate) ?? [];
    if (Number(amount) >= 1 && Number(amount) <= MOST_REQUESTS) return Number(amount);
    throw new RangeError(
      `expected a rate from 1/s to ${MOST_REQUESTS}/s such as 500/s or off, or a timetable such as 08:00,500/s 20:00,off`,
    );
  }),
);

/** How fast a machine works: files a second (`150/s`) or work items a minute (`12/min`). */
export const workRate = ranged<{ readonly amount: number; readonly unit: "files/s" | "work items/min" }>(
  "above 0",
  (given) => {
    const [, digits = "", per = ""] = /^(\d+(?:\.\d+)?)\/(s|min)$/.exec(given) ?? [];
    const amount = Number(digits);
    if (amount > 0) return { amount, unit: per === "s" ? "files/s" : "work items/min" };
    throw new RangeError("expected files a second such as 150/s, or work items a minute such as 12/min");
  },
);

/** `all`, `none`, or failure codes separated by commas. */
export const retryFailed = withWords<"all" | "none" | readonly FailureCode[]>(
  ["all", "none", ...FAILURE_CODES],
  (given) => {
    if (given === "all" || given === "true") return "all";
    if (given === "none" || given === "false") return "none";
    return given.split(",").map((part) => {
      const word = part.trim();
      const code = FAILURE_CODES.find((known) => known === word);
      if (code !== undefined) return code;
      const near = suggest(word, FAILURE_CODES);
      const hint = near === undefined ? `the codes are ${FAILURE_CODES.join(", ")}` : `did you mean ${near}?`;
      throw new RangeError(`expected failure codes, but "${word}" is not one: ${hint}`);
    });
  },
);

/** Where a message is sent: `https:`, or a loopback address. */
export const messageUrl: Parser<string> = (given) => {
  const url = URL.parse(given);
  const isHere = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url?.hostname ?? "");
  if (url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isHere))) return url.href;
  throw new RangeError("expected an https URL (http only for this machine)");
};

/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
export const containerName = storageName("a container name");
const queueName = storageName("a queue name");

/** One queue, or several with commas: partition I announces in queue I modulo their number. */
export const queueNames: Parser<string> = (given) => {
  const names = given.split(",").map((name) => queueName(name.trim()));
  const repeated = names.find((name, at) => names.indexOf(name) < at);
  if (repeated === undefined) return names.join(",");
  throw new RangeError(`expected different queues, but ${repeated} is given twice`);
};

function storageName(what: string): Parser<string> {
  return (given) => {
    if (/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/.test(given)) return given;
    throw new RangeError(`expected ${what}: 3 to 63 lower-case letters, digits and single hyphens`);
  };
}
