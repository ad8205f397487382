import type { ReportArguments } from "../report.ts";
import { accountArguments, addAccountOptions } from "./account-options.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload report` with its options and help to the program. */
export function addReport({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("report")
    .summary("report what a run did, as text, a web page, CSV or JSON")
    .description(
      "Reports the settings of a run, what it did, when, how fast, and what failed and why. It reads the states of the machines; with --target it reads the records of a whole run in the target account. If you name no file to write, it prints a short text. It changes nothing, and also works during a run.",
    )
    .option(
      "--state-db <file>",
      "state file of a machine (repeatable; default: reupload_state.db)",
      repeated,
    );
  addAccountOptions(command, false)
    .option("--html <file>", "write one page that needs no network and no script")
    .option("--csv <file>", "write a row for each file, as `files --output csv` does")
    .option("--json <file>", "write the report as one JSON object")
    .option(
      "--bundle <file>",
      "write a zip for a ticket: report, failed files, settings, log; without secrets, or not at all",
    )
    .option("--log <file>", "with --bundle: the log of the run (default: that of --log-file in the settings)")
    .option(
      "--attach <file>",
      "with --bundle: a text to put in, such as doctor's output (repeatable)",
      repeated,
    )
    .option("--output <format>", "without an output: text, or json as --json writes it", "text")
    .addHelpText(
      "after",
      `
A file is replaced if it exists; - writes to stdout.

Examples:
  reupload report
  reupload report --state-db machine1_state.db --state-db machine2_state.db --html report.html
  reupload report --json - | jq .verdict
  reupload report --target https://ACCOUNT.blob.core.windows.net --run 5972db --html run.html
  reupload doctor > doctor.txt
  reupload report --bundle ticket.zip --log run.log --attach doctor.txt
${exitCodesHelp()}`,
    )
    .action(async ({ csv, ...options }: ReportArguments & Record<string, unknown>) => {
      const { report } = await import("../report.ts");
      const shown = csv === undefined ? options : { ...options, csv };
      setExitCode(await report({ ...shown, ...accountArguments(options) }, io));
    });
}
