import { type CommandLine, exitCodesHelp } from "./command-line.ts";

/** Adds `reupload plan` with its options and help to the program. */
export function addPlan({ program, io, setExitCode }: CommandLine): void {
  program
    .command("plan")
    .summary("print the commands for each of N machines")
    .description(
      "Prints the commands for each of N machines, ready to paste: copy the CSV, sign in, run, resume.",
    )
    .argument("<csv>", "failed work items")
    .argument("[n]", "number of machines")
    .option("--machines <n>", "number of machines")
    .option(
      "--shell <shells>",
      "bash, powershell or cmd; one for all machines, or one for each: powershell,bash",
      "bash",
    )
    .option("--files <file>", "listing of the files, used in the commands")
    .option("--target <url>", "target account, used in the commands")
    .option("--queue <names>", "queue, or several with commas, used in the commands")
    .option("--workitem-workers <n>", "number of work items open at once on each machine")
    .option(
      "--file-workers <n>",
      "this number times --workitem-workers gives the number of file slots on each machine",
    )
    .option("--resume", "print only the resume commands")
    .option("--output <format>", "text or json", "text")
    .option("--no-color", "print no colours (also: NO_COLOR)")
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
        const { plan } = await import("../plan.ts");
        setExitCode(await plan({ csv, n, options }, io));
      },
    );
}
