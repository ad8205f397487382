/** Options as words of a command line. */
import { flagWord } from "./config.ts";
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "./run-options.ts";

/**
 * The words that give one option.
 *
 * @param text its value as the operator would give it; undefined: not given. Of an option that may be repeated a line each
 * @returns none for a switch that is as it would be without it
 */
export function optionWords(name: RunOptionName, text: string | undefined): string[] {
  const isNegative = RUN_OPTIONS[name].flag.startsWith("--no-");
  if (text === undefined || (isNegative && text === "true")) return [];
  if (name === "retryFailed" && text === "false") return ["--no-retry-failed"];
  if (RUN_OPTIONS[name].parse.repeats === true) {
    return text.split(/\r?\n/).flatMap((value) => (value === "" ? [] : [flagWord(name), value]));
  }
  const isSwitch = !/[<[]/.test(RUN_OPTIONS[name].flag);
  if (isSwitch && !isNegative) return text === "true" ? [flagWord(name)] : [];
  return isNegative || (name === "retryFailed" && text === "true")
    ? [flagWord(name)]
    : [flagWord(name), text];
}

/** The words that give all these options, in the order of the help. */
export function flagWords(texts: Readonly<Partial<Record<RunOptionName, string | undefined>>>): string[] {
  return RUN_OPTION_NAMES.flatMap((name) => optionWords(name, texts[name]));
}
