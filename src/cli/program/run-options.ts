/** The options of `run` on the command line, for every command that takes some of them. */
import { type Command, Option } from "commander";
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "../../config/run-options.ts";
import type { RunFlags } from "../session.ts";

/** Declares these options. @param otherHelp what another command says about them, defaults and all */
export function addRunOptions(
  command: Command,
  names: readonly RunOptionName[],
  otherHelp: Partial<Readonly<Record<RunOptionName, string>>> = {},
): void {
  for (const name of names) {
    const { group } = RUN_OPTIONS[name];
    command.addOption(runOption(name, otherHelp[name]).helpGroup(group));
    if (name === "retryFailed") {
      command.addOption(
        new Option("--no-retry-failed", "with --resume: do not retry failed files").helpGroup(group),
      );
    }
  }
}

/** One of them, in no group. @param otherHelp in place of its own help and default */
export function runOption(name: RunOptionName, otherHelp?: string): Option {
  const { flag, help, default: fallback, parse } = RUN_OPTIONS[name];
  const shown = fallback === undefined || !flag.includes("<") ? help : `${help} (default: ${fallback})`;
  const option = new Option(flag, otherHelp ?? shown);
  if (parse.repeats !== true) return option;
  return option.argParser((value, before: string | undefined) =>
    before === undefined ? value : `${before}\n${value}`,
  );
}

/** The given flags as text; commander gives `true` for a switch and `false` for `--no-...`. */
export function runFlags(options: Readonly<Record<string, unknown>>): RunFlags {
  const flags: Partial<Record<RunOptionName, string>> = {};
  for (const name of RUN_OPTION_NAMES) {
    const value = options[attributeName(name)];
    // --queue NAME and --no-queue share an attribute: the one is a text, the other a switch.
    if (name === "announce") {
      if (value === false) flags.announce = "false";
    } else if (typeof value === "string") {
      flags[name] = value;
    } else if (typeof value === "boolean" && name !== "queue" && !isUngiven(name, value)) {
      flags[name] = String(value);
    }
  }
  return flags;
}

/** Of `--no-...` commander gives `true` when it does not stand there: environment, file and state have their say then. */
function isUngiven(name: RunOptionName, value: boolean): boolean {
  return value && RUN_OPTIONS[name].flag.startsWith("--no-");
}

function attributeName(name: RunOptionName): string {
  return name === "announce" ? "queue" : name;
}
