/** The command line: which commands there are and what they take. Commands are loaded when they are called. */
import { Command, Option } from "commander";
import { RUN_OPTION_NAMES, RUN_OPTIONS, type RunOptionName } from "../config/run-options.ts";
import { EXIT_MEANINGS, type ExitCode } from "../core/exit-codes.ts";
import type { Io } from "./io.ts";
import type { RunFlags } from "./run.ts";

/** @param setExitCode told by the command that ran */
export function makeProgram(version: string, io: Io, setExitCode: (code: ExitCode) => void): Command {
  const program = new Command("reupload")
    .description("Puts the files of failed work items back where they belong.")
    .version(version)
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride();
  program.addHelpText(
    "after",
    `
Examples:
  reupload run --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net
  reupload run --resume
  reupload plan failed_workitems.csv 2
  reupload demo

More about a command: reupload run --help`,
  );
  addRun(program, io, setExitCode);
  addPartitions(program, io, setExitCode);
  addPlan(program, io, setExitCode);
  addDemo(program, io, setExitCode);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

function addRun(program: Command, io: Io, setExitCode: (code: ExitCode) => void): void {
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
      const { run } = await import("./run.ts");
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

function addPartitions(program: Command, io: Io, setExitCode: (code: ExitCode) => void): void {
  program
    .command("partitions")
    .summary("show how a CSV divides among machines")
    .description("Shows how many work items of the CSV each of N partitions has.")
    .argument("<csv>", "failed work items; - reads stdin")
    .argument("<n>", "number of partitions")
    .option("--list", "print every workItemId,partition")
    .option(
      "--search <id>",
      "print the partition of this work item id (repeatable; - reads ids from stdin)",
      (id: string, ids: string[] | undefined) => [...(ids ?? []), id],
    )
    .option("--output <format>", "text or json", "text")
    .option("--no-color", "no colours (also: NO_COLOR)")
    .addHelpText(
      "after",
      `
Examples:
  reupload partitions failed_workitems.csv 2
  reupload partitions failed_workitems.csv 2 --search 1889211721
  reupload partitions failed_workitems.csv 2 --list | grep ,1$
${exitCodesHelp()}`,
    )
    .action(async (csv: string, n: string, options: { list?: true; search?: string[]; output: string }) => {
      const { partitions } = await import("./partitions.ts");
      setExitCode(await partitions({ csv, n, ...options }, io));
    });
}

function addPlan(program: Command, io: Io, setExitCode: (code: ExitCode) => void): void {
  program
    .command("plan")
    .summary("print the commands for each of N machines")
    .description("Prints, for each of N machines, the commands to paste: copy the CSV, sign in, run, resume.")
    .argument("<csv>", "failed work items")
    .argument("[n]", "number of machines")
    .option("--machines <n>", "number of machines")
    .option(
      "--shell <shells>",
      "bash, powershell or cmd; one for all or one a machine: powershell,bash",
      "bash",
    )
    .option("--files <file>", "listing of the files, named in the commands")
    .option("--target <url>", "target account, named in the commands")
    .option("--workitem-workers <n>", "work items open at once on each machine")
    .option("--file-workers <n>", "times work items = file slots on each machine")
    .option("--resume", "print the resume commands only")
    .option("--output <format>", "text or json", "text")
    .option("--no-color", "no colours (also: NO_COLOR)")
    .addHelpText(
      "after",
      `
Examples:
  reupload plan failed_workitems.csv 2
  reupload plan failed_workitems.csv 2 --shell powershell,bash --workitem-workers 20 --file-workers 10
${exitCodesHelp()}`,
    )
    .action(
      async (csv: string, n: string | undefined, options: Record<string, string | true | undefined>) => {
        const { plan } = await import("./plan.ts");
        setExitCode(await plan({ csv, n, options }, io));
      },
    );
}

function addDemo(program: Command, io: Io, setExitCode: (code: ExitCode) => void): void {
  program
    .command("demo")
    .summary("try it: a realistic run on the storage emulator")
    .description("Makes 200 work items with about 5,000 files in the storage emulator and re-uploads them.")
    .option("--keep", "leave the emulator and the data in place, to try resume and partitions by hand")
    .option("--add-missing", "put the missing blob into a kept demo's source, so that resume can finish")
    .option("--stop", "stop the emulator of a kept demo")
    .option("--dir <folder>", "where the CSV, the listing and the state go (default: demo-data)")
    .addHelpText("after", exitCodesHelp())
    .action(async (options: { keep?: true; addMissing?: true; stop?: true; dir?: string }) => {
      const { demo } = await import("./demo.ts");
      const { keep = false, addMissing = false, stop = false, dir } = options;
      setExitCode(await demo({ keep, addMissing, stop, dir }, io));
    });
}

function exitCodesHelp(): string {
  const lines = EXIT_MEANINGS.map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}`;
}
