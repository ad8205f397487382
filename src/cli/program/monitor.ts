import { accountArguments, addAccountOptions } from "./account-options.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload monitor` with its options and help to the program. */
export function addMonitor({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("monitor")
    .summary("watch a whole run, or the states of machines")
    .description(
      "Shows progress, speed, time left and each machine until all is done. With --target it shows a whole run with all its machines, from the records in the target account. With --state-db it shows the states of machines. It only reads: q or Ctrl+C closes the monitor, and the runs continue. Without a terminal it prints text at each refresh. The exit code is the same as that of `status`.",
    )
    .option(
      "--state-db <file>",
      "state file of a machine (repeatable; default: reupload_state.db); with --target it is compared with the account's records",
      repeated,
    );
  addAccountOptions(command)
    .option("--refresh <seconds>", "seconds between two refreshes, 1 to 3600", "10")
    .option("--once", "print the picture once as text (of running states after 2 s, to measure their speed)")
    .option("--output <format>", "text or json: one object at each refresh", "text")
    .option("--no-color", "print no colours (also: NO_COLOR)")
    .addHelpText(
      "after",
      `
Without any of these options it shows the state that run would use; if there is none, the run of the configured target.

Examples:
  reupload monitor --target https://ACCOUNT.blob.core.windows.net --csv failed_workitems.csv
  reupload monitor --state-db machine1_state.db --state-db machine2_state.db
  reupload monitor --refresh 60 --output json >> progress.ndjson
  reupload monitor --once
${exitCodesHelp()}`,
    )
    .action(
      async (
        options: Record<string, unknown> & {
          refresh: string;
          once?: true;
          output: string;
          color: boolean;
        },
      ) => {
        const { monitor } = await import("../monitor.ts");
        const { refresh, once, output, color } = options;
        const shown = { refresh, output, color, ...(once === true ? { once } : {}) };
        setExitCode(await monitor({ ...accountArguments(options), ...shown }, io));
      },
    );
}
