/** The options by which a command looks at a run of the account; the flags of `run` that name it. */
import { type Command, Option } from "commander";
import type { RunOptionName } from "../../config/run-options.ts";
import type { AccountArguments } from "../account-run.ts";
import { runFlags, runOption } from "./run-options.ts";

const OPTIONS: readonly (readonly [RunOptionName, string])[] = [
  ["target", "storage account of the run: shows the whole run, all machines, from anywhere"],
  ["csv", "with --target: the CSV of the run (default: the only run of the target)"],
];
const MORE: readonly RunOptionName[] = [
  "targetContainer",
  "coordinationContainer",
  "auth",
  "tenant",
  "config",
];

/** Declares them. @param hasCsv false for a command whose own `--csv` is something else */
export function addAccountOptions(command: Command, hasCsv = true): Command {
  for (const [name, help] of OPTIONS) if (hasCsv || name !== "csv") command.addOption(runOption(name, help));
  const instead = hasCsv ? "in place of --csv" : "with --target";
  command.addOption(new Option("--run <id>", `${instead}: id of the run, or its beginning`));
  for (const name of MORE) command.addOption(runOption(name));
  return command;
}

/** @param options as commander gives them */
export function accountArguments({
  stateDb,
  run,
  ...options
}: Readonly<Record<string, unknown>>): AccountArguments {
  const { output: _printed, color: _painted, ...flags } = runFlags(options);
  return {
    ...(Array.isArray(stateDb) ? { stateDb: stateDb.map(String) } : {}),
    flags,
    runId: typeof run === "string" ? run : undefined,
  };
}
