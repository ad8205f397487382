/**
 * What the values of options may be. Each parser takes the text of a flag or environment variable (or the scalar of a
 * configuration file as text) and gives the typed value, or throws a RangeError whose message says what is expected.
 * Plain functions: a schema library costs the start of every command 70 ms and would hold the same functions.
 */
import { FAILURE_CODES, type FailureCode } from "../core/failure.ts";
import { parseSourcePrefix } from "../core/source-prefix.ts";
import { parseNameTemplate } from "../core/target-name.ts";
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
