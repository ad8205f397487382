/** A configuration file with comments, for people to edit. */
import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import {
  configKey,
  type OptionSpec,
  RUN_OPTION_NAMES,
  RUN_OPTIONS,
  type RunOptionName,
} from "./run-options.ts";

/** Options that one start is given; a file would give them to every start. */
const NOT_IN_FILE: ReadonlySet<RunOptionName> = new Set([
  "config",
  ...RUN_OPTION_NAMES.filter(
    (name) => RUN_OPTIONS[name].onResume === "start" && RUN_OPTIONS[name].group !== "Output:",
  ),
]);

/** The options that a configuration file is made from. */
export const FILE_OPTIONS = RUN_OPTION_NAMES.filter((name) => !NOT_IN_FILE.has(name));

const load = createRequire(import.meta.url);
const WIDTH = 100;

/**
 * The text of a configuration file: what is given is set, everything else stands there as a comment with its default.
 *
 * @param texts values as the operator would give them
 */
export function configText(texts: Readonly<Partial<Record<RunOptionName, string | undefined>>>): string {
  const { stringify } = load("yaml") as typeof Yaml;
  const lines = [
    "# reupload reads this file in the folder that it is started in; flags and REUPLOAD_... variables override it.",
    "# Never put a key or a SAS here: they come from the environment (docs/sign-in.md).",
  ];
  let group = "";
  for (const name of FILE_OPTIONS) {
    const { group: its, help, default: fallback, flag, parse }: OptionSpec = RUN_OPTIONS[name];
    if (its !== group) lines.push("", `# --- ${its.replace(/:$/, "")} ---`);
    group = its;
    const text = texts[name];
    lines.push("", ...wrapped(help).map((line) => `# ${line}`));
    if (text === undefined)
      lines.push(
        `#${configKey(name)}: ${fallback === undefined ? placeholder(flag) : scalar(fallback, stringify)}`,
      );
    else if (parse.repeats === true) lines.push(`${configKey(name)}: ${JSON.stringify(text.split(/\r?\n/))}`);
    else lines.push(`${configKey(name)}: ${scalar(text, stringify)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A switch or a number as it is; any other text so that YAML reads the same text again. */
function scalar(text: string, stringify: typeof Yaml.stringify): string {
  return /^(?:true|false|\d+)$/.test(text) ? text : stringify(text, { lineWidth: 0 }).trimEnd();
}

function placeholder(flag: string): string {
  return /<(.+)>/.exec(flag)?.[1]?.toUpperCase() ?? "true";
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
