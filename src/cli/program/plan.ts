import { PLANNED_OPTIONS } from "../../config/plan-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload plan` with its options and help to the program. */
export function addPlan({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("plan")
    .summary("print the commands for each of N machines")
    .description(
      "Prints the commands for each of N machines, ready to paste: get the tool, copy the input, sign in, run, resume, monitor. Each command contains the options of run that you give here, in the environment or in the configuration file.",
    )
    .argument("<csv>", "failed work items")
    .argument("[n]", "number of machines")
    .option("--machines <n>", "number of machines")
    .option(
      "--shell <shells>",
      "bash, powershell, cmd (typed at its prompt) or cmd-file (saved in a .cmd file); one for all machines, or one for each: powershell,bash",
      "bash",
    )
    .option(
      "--format <format>",
      "commands, json, kubernetes, slurm, systemd or taskscheduler (default: commands)",
    )
    .option("--partition <auto>", "auto: every machine takes the partitions that are free")
    .option("--total-partitions <n>", "with --partition auto: number of partitions")
    .option("--estimate", "print how many machines take how long, in place of the commands")
    .option("--rate <rate>", "what one machine does: files a second (150/s) or work items a minute (12/min)")
    .option("--from-state <file>", "take the rate from the state of a run")
    .option(
      "--probe",
      "measure the rate: copy some files into the coordination container and delete them; nothing is announced",
    )
    .option(
      "--files-per-work-item <n>",
      "files of a work item, on average (default: as in the state, else 800)",
    )
    .option("--within <time>", "recommend the fewest machines that need no longer than this (default: 8h)")
    .option("--older-rate <rate>", "rate of an older tool, to compare with")
    .option("--resume", "print only the resume commands")
    .option("--output <format>", "text or json", "text");
  addRunOptions(command, [...PLANNED_OPTIONS, "config"]);
  command
    .addHelpText(
      "after",
      `
Examples:
  reupload plan failed_workitems.csv 2
  reupload plan failed_workitems.csv 2 --shell powershell,bash --workitem-workers 20 --file-workers 10
  reupload plan failed_workitems.csv --rate 150/s --files-per-work-item 800 --within 8h
  reupload plan failed_workitems.csv 8 --format kubernetes --source-container https://ACCOUNT.blob.core.windows.net/C
${exitCodesHelp()}`,
    )
    .action(async (csv: string, n: string | undefined, options: Record<string, unknown>) => {
      const { plan } = await import("../plan.ts");
      const own = options as unknown as Parameters<typeof plan>[0]["options"];
      setExitCode(await plan({ csv, n, flags: runFlags(options), options: own }, io));
    });
}
