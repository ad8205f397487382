import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload remaining` with its options and help to the program. */
export function addRemaining({ program, io, setExitCode }: CommandLine): void {
  program
    .command("remaining")
    .summary("write a CSV of the work items that are not completed")
    .description(
      "Writes a CSV of the work items that the states do not hold as completed or empty, for `run` on other machines or with other partitions. With the run's CSV its rows are written as they stand there, with all columns, in UTF-8; without it JobId,WorkItemId,WorkItemName.",
    )
    .option("--state-db <file>", "state of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--csv <file>", "the run's CSV; partitions without a state count as not completed; - reads stdin")
    .option("--failed-only <codes>", "only work items in which something failed: all, or with these codes")
    .requiredOption("--out <file>", "where the CSV goes; replaced as a whole; - is stdout")
    .addHelpText(
      "after",
      `
Examples:
  reupload remaining --state-db machine1_state.db --state-db machine2_state.db \\
    --csv failed_workitems.csv --out remaining.csv
  reupload remaining --failed-only source-not-found --out -
${exitCodesHelp()}`,
    )
    .action(async (options: { stateDb?: string[]; csv?: string; failedOnly?: string; out: string }) => {
      const { remaining } = await import("../remaining.ts");
      setExitCode(await remaining(options, io));
    });
}
