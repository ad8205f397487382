import type { WhyArguments } from "../why.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload why` with its options and help to the program. */
export function addWhy({ program, io, setExitCode }: CommandLine): void {
  program
    .command("why")
    .summary("tell what happened to one work item or file")
    .description(
      "Tells what happened to one work item or file over all starts: failures, repeated requests with their request ids, waits, new links, second requests and the announcement. Details are kept only of files that did not succeed at the first try.",
    )
    .argument("<name>", "id or name of a work item, or name of a blob or file")
    .option("--state-db <file>", "state file of a machine (repeatable; default: reupload_state.db)", repeated)
    .option("--job-id <id>", "job of the work item")
    .option("--output <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  reupload why 1889211721
  reupload why nightly-report.json --state-db machine1_state.db --state-db machine2_state.db
${exitCodesHelp()}`,
    )
    .action(async (name: string, options: WhyArguments) => {
      const { why } = await import("../why.ts");
      setExitCode(await why(name, options, io));
    });
}
