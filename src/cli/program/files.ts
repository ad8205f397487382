import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload files` with its options and help to the program. */
export function addFiles({ program, io, setExitCode }: CommandLine): void {
  program
    .command("files")
    .summary("list the files of a run, one by one")
    .description(
      "Prints a row for each file that the states contain, with its outcome, reason, bytes and announcement. A work item of which no file is known, or that failed as a whole, has a row without a file. It only reads, also during a run.",
    )
    .option("--state-db <file>", "state file of a machine (repeatable; default: reupload_state.db)", repeated)
    .option(
      "--status <list>",
      "only these outcomes: copied, already-there, elsewhere (all three: completed), uploaded, pending, failed, skipped, empty",
    )
    .option("--work-item <id>", "only the files of this work item")
    .option("--output <format>", "text, csv (for spreadsheets) or json (one object a line)", "text")
    .option("--out <file>", "file to write, replaced if it exists; - writes to stdout", "-")
    .addHelpText(
      "after",
      `
Examples:
  reupload files --status failed
  reupload files --work-item 1889211721 --output json
  reupload files --state-db machine1_state.db --state-db machine2_state.db --output csv --out files.csv
${exitCodesHelp()}`,
    )
    .action(
      async (options: {
        stateDb?: string[];
        status?: string;
        workItem?: string;
        output: string;
        out: string;
      }) => {
        const { files } = await import("../files.ts");
        setExitCode(await files(options, io));
      },
    );
}
