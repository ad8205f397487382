import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload status` with its options and help to the program. */
export function addStatus({ program, io, setExitCode }: CommandLine): void {
  program
    .command("status")
    .summary("tell in one line where a run stands, for scripts")
    .description(
      "Prints one line of key=value for each state, also beside a running process. The exit code is the one that its last start ended with, 7 while a process works on it, 6 when that was killed; of several states the worst, in the order 6, 4, 5, 143, 130, 7, 1, 0.",
    )
    .option("--state-db <file>", "state of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--snapshot <file>", "make a consistent copy of the state, also while a process writes to it")
    .option("--output <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  reupload status
  reupload status --state-db machine1_state.db --state-db machine2_state.db --output json
  reupload status --state-db machine1_state.db --snapshot backup.db
${exitCodesHelp()}`,
    )
    .action(async (options: { stateDb?: string[]; snapshot?: string; output: string }) => {
      const { status } = await import("../status.ts");
      setExitCode(await status(options, io));
    });
}
