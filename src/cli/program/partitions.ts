import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload partitions` with its options and help to the program. */
export function addPartitions({ program, io, setExitCode }: CommandLine): void {
  program
    .command("partitions")
    .summary("show how many work items each partition of a CSV has")
    .description("Shows how many work items of the CSV each of N partitions has, with some of their ids.")
    .argument("<csv>", "failed work items; - reads stdin")
    .argument("<n>", "number of partitions")
    .option("--list", "print workItemId,partition for every work item")
    .option(
      "--search <id>",
      "print the partition of this work item id (repeatable; - reads ids from stdin)",
      repeated,
    )
    .option("--output <format>", "text or json", "text")
    .addHelpText(
      "after",
      `
Examples:
  reupload partitions failed_workitems.csv 2
  reupload partitions failed_workitems.csv 2 --search 1889211721
  reupload partitions failed_workitems.csv 2 --list | grep ,1$
${exitCodesHelp()}`,
    )
    .action(async (csv: string, n: string, options: { list?: true; search?: string[]; output: string }) => {
      const { partitions } = await import("../partitions.ts");
      setExitCode(await partitions({ csv, n, ...options }, io));
    });
}
