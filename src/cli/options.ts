import { listWords } from "../config/values.ts";
import { ReuploadError } from "../core/errors.ts";

/** A whole number of the command line. @throws ReuploadError `bad-option` */
export function parseWholeNumber(text: string, what: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new ReuploadError(
    "bad-option",
    `${what}: expected a whole number from ${min} to ${max}, got "${text}"`,
  );
}

/** `--output` of a command that lists rows. @throws ReuploadError `bad-option` */
export function parseRowsOutput(text: string | undefined): "text" | "csv" | "json" {
  if (text === undefined || text === "text" || text === "csv" || text === "json") return text ?? "text";
  throw new ReuploadError("bad-option", `--output: expected text, csv or json, got "${text}"`);
}

/** `--output` of a command that prints one result. @throws ReuploadError `bad-option` */
export function parseOutput(text: string | undefined): "text" | "json" {
  return parseChoice(text ?? "text", "--output", ["text", "json"]);
}

/** One of a few words. @throws ReuploadError `bad-option` */
export function parseChoice<Word extends string>(
  text: string | undefined,
  flag: string,
  words: readonly Word[],
): Word {
  const word = words.find((known) => known === text);
  if (word !== undefined) return word;
  throw new ReuploadError("bad-option", `${flag}: expected ${listWords(words)}, got "${text ?? ""}"`);
}
