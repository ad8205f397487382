import { Option } from "commander";
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "../../config/run-options.ts";
import type { RunFlags } from "../session.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";

export function addRun({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("run")
    .summary("copy the files of failed work items and announce them; resumable")
    .description(
      "Looks up the files of every work item in the CSV, copies each to the target container, announces it on the queue, and keeps a state so that it can be stopped at any time and resumed.",
    );
  for (const name of RUN_OPTION_NAMES) {
    const { flag, help, group, default: fallback } = RUN_OPTIONS[name];
    const shown = fallback === undefined || !flag.includes("<") ? help : `${help} (default: ${fallback})`;
    command.addOption(new Option(flag, shown).helpGroup(group));
    if (name === "retryFailed") {
      command.addOption(
        new Option("--no-retry-failed", "with --resume: leave failed files as they are").helpGroup(group),
      );
    }
  }
  command
    .addHelpText(
      "after",
      `
Every option can also stand in reupload.config.yaml (target: https://...) or in the environment (REUPLOAD_TARGET).
Sign-in: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN when set, else az login.

Examples:
  reupload run --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload run --csv failed_workitems.csv --files listing.csv --state-db machine1_state.db \\
    --partition 0 --total-partitions 2 --target https://ACCOUNT.blob.core.windows.net
  reupload run --resume --state-db machine1_state.db
  reupload run --resume --retry-failed source-not-found
${exitCodesHelp()}`,
    )
    .action(async (options: Record<string, unknown>) => {
      const { run } = await import("../run.ts");
      setExitCode(await run(runFlags(options), io));
    });
}

/** The given flags as text; commander gives `true` for a switch and `false` for `--no-...`. */
function runFlags(options: Record<string, unknown>): RunFlags {
  const flags: Partial<Record<RunOptionName, string>> = {};
  for (const name of RUN_OPTION_NAMES) {
    const value = options[attributeOf(name)];
    // --queue NAME and --no-queue share an attribute: the one is a text, the other a switch.
    if (name === "announce") {
      if (value === false) flags.announce = "false";
    } else if (typeof value === "string") {
      flags[name] = value;
    } else if (typeof value === "boolean" && name !== "queue") {
      flags[name] = String(value);
    }
  }
  return flags;
}

function attributeOf(name: RunOptionName): string {
  return name === "announce" ? "queue" : name;
}
