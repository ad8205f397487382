import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload remaining` with its options and help to the program. */
export function addRemaining({ program, io, setExitCode }: CommandLine): void {
  program
    .command("remaining")
    .summary("write a CSV of the work items that are not completed")
    .description(
      "Writes a CSV of the work items that are neither completed nor empty in the states, for a `run` on other machines or with other partitions. With --csv it copies the rows of the run's CSV with all their columns, in UTF-8. Without --csv it writes JobId,WorkItemId,WorkItemName.",
    )
    .option("--state-db <file>", "state file of a machine (repeatable; default: reupload_state.db)", repeated)
    .option(
      "--csv <file>",
      "CSV of the run; work items of partitions without a state count as not completed; - reads stdin",
    )
    .option("--failed-only <codes>", "only work items with a failure: all, or only with these codes")
    .requiredOption("--out <file>", "file for the CSV, replaced if it exists; - writes to stdout")
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
