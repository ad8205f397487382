import { RUN_OPTION_NAMES } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp } from "./command-line.ts";
import { addRunOptions, runFlags } from "./run-options.ts";

/** Adds `reupload run` with its options and help to the program. */
export function addRun({ program, io, setExitCode }: CommandLine): void {
  const command = program
    .command("run")
    .summary("copy the files of failed work items and announce them; resumable")
    .description(
      "Looks up the files of every work item in the CSV, copies each file to the target container and announces it on the queue. It keeps a state, so that you can stop it at any time and resume it.",
    );
  addRunOptions(command, RUN_OPTION_NAMES);
  command
    .addHelpText(
      "after",
      `
You can also set every option in reupload.config.yaml (target: https://...) or in the environment (REUPLOAD_TARGET).
Sign-in: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN if set, otherwise --auth (see docs/sign-in.md); REUPLOAD_SOURCE_SAS for --source-container.

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
