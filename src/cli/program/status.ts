import { EXIT } from "../../core/exit-codes.ts";
import { accountArguments, addAccountOptions } from "./account-options.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload status` with its options and help to the program. */
export function addStatus({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("status")
    .summary("print the status of a run in one line, for scripts")
    .description(
      "Prints one line of key=value pairs for each state, also during a run. The exit code is that of the last start of the run, 7 while a process works on the state, or 6 if that process was killed. With several states it is the worst, in the order 6, 4, 5, 143, 130, 8, 7, 1, 0. With --target it prints a line for each machine of a whole run, from the records in the target account. Then the exit code is 0 if all is done, 1 if all is done with failures, 7 if the run is under way, or 6 if work is left that no machine does.",
    )
    .option(
      "--state-db <file>",
      "state file of a machine (repeatable; default: reupload_state.db); with --target it is compared with the account's records",
      repeated,
    );
  addAccountOptions(command)
    .option("--snapshot <file>", "make a consistent copy of the state in this file, also during a run")
    .option("--healthy", "exit with 0 also while a process works on the state, for health checks")
    .option("--output <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  reupload status
  reupload status --state-db machine1_state.db --state-db machine2_state.db --output json
  reupload status --state-db machine1_state.db --snapshot backup.db
  reupload status --target https://ACCOUNT.blob.core.windows.net --csv failed_workitems.csv
${exitCodesHelp()}`,
    )
    .action(async (options: Record<string, unknown> & { snapshot?: string; output: string }) => {
      const { status } = await import("../status.ts");
      const { snapshot, output } = options;
      const shown = { output, ...(snapshot === undefined ? {} : { snapshot }) };
      const code = await status({ ...accountArguments(options), ...shown }, io);
      setExitCode(options["healthy"] === true && code === EXIT.running ? EXIT.done : code);
    });
}
