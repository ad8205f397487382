import { RUN_OPTIONS } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload find` with its options and help to the program. */
export function addFind({ program, io, setExitCode }: CommandLine): void {
  program
    .command("find")
    .summary("find failed work items in Azure Data Explorer and write the CSV for run")
    .description(
      "Runs a KQL query and writes its work items as a CSV (JobId,WorkItemId,WorkItemName). The query is a file, a query that comes with reupload (failed-since, failed-on-machines, of-jobs), or the text of --query.",
    )
    .argument("[query]", "file with the query, or the name of a query that comes with reupload")
    .option("--query <text>", "the query itself")
    .option(
      "--param <name=value>",
      "value for a parameter of the query; a list is name=A,B,C (repeatable)",
      repeated,
    )
    .requiredOption("--out <file>", "file for the CSV; - writes it to stdout")
    .option(RUN_OPTIONS.kustoCluster.flag, RUN_OPTIONS.kustoCluster.help)
    .option(RUN_OPTIONS.kustoDatabase.flag, RUN_OPTIONS.kustoDatabase.help)
    .option(RUN_OPTIONS.auth.flag, `${RUN_OPTIONS.auth.help} (default: ${RUN_OPTIONS.auth.default})`)
    .option(RUN_OPTIONS.tenant.flag, RUN_OPTIONS.tenant.help)
    .option(
      RUN_OPTIONS.maxWait.flag,
      `how long to wait for an outage to end before giving up (default: ${RUN_OPTIONS.maxWait.default})`,
    )
    .option(RUN_OPTIONS.config.flag, RUN_OPTIONS.config.help)
    .option("--output <format>", "format of the report about the CSV: text or json")
    .option("-q, --quiet", "print only warnings and errors")
    .option("-v, --verbose", "print the causes of errors")
    .addHelpText(
      "after",
      `
Examples:
  reupload find failed-since --param since=2026-01-31 --out failed_workitems.csv \\
    --kusto-cluster https://CLUSTER.REGION.kusto.windows.net --kusto-database DB
  reupload find failed-on-machines --param machines=A,B,C --param since=2026-01-31 --out failed_workitems.csv
  reupload find mine.kql --out - | head
docs/kusto.md describes the tables that these queries expect, and how to write your own query.
${exitCodesHelp()}`,
    )
    .action(
      async (
        query: string | undefined,
        options: Record<string, string | boolean | string[] | undefined> & {
          readonly out: string;
          readonly query?: string;
          readonly param?: string[];
        },
      ) => {
        const { find } = await import("../find.ts");
        const { out, query: text, param: parameters = [], ...flags } = options;
        setExitCode(await find({ query, text, parameters, out, flags }, io));
      },
    );
}
