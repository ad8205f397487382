import { RUN_OPTIONS } from "../../config/run-options.ts";
import { type CommandLine, exitCodesHelp, repeated } from "./command-line.ts";

/** Adds `reupload find` with its options and help to the program. */
export function addFind({ program, io, setExitCode }: CommandLine): void {
  program
    .command("find")
    .summary("find failed work items in Azure Data Explorer, as the CSV that run reads")
    .description(
      "Runs a KQL query and writes its work items as a CSV (JobId,WorkItemId,WorkItemName). The query is a file, one that is shipped (failed-since, failed-on-machines, of-jobs), or the text given with --query.",
    )
    .argument("[query]", "file with the query, or the name of a shipped one")
    .option("--query <text>", "the query itself")
    .option(
      "--param <name=value>",
      "value of a parameter that the query declares; a list is name=A,B,C (repeatable)",
      repeated,
    )
    .requiredOption("--out <file>", "where the CSV goes; - writes it to stdout")
    .option(RUN_OPTIONS.kustoCluster.flag, RUN_OPTIONS.kustoCluster.help)
    .option(RUN_OPTIONS.kustoDatabase.flag, RUN_OPTIONS.kustoDatabase.help)
    .option(RUN_OPTIONS.auth.flag, `${RUN_OPTIONS.auth.help} (default: ${RUN_OPTIONS.auth.default})`)
    .option(RUN_OPTIONS.tenant.flag, RUN_OPTIONS.tenant.help)
    .option(
      RUN_OPTIONS.maxWait.flag,
      `how long to sit out an outage before giving up (default: ${RUN_OPTIONS.maxWait.default})`,
    )
    .option(RUN_OPTIONS.config.flag, RUN_OPTIONS.config.help)
    .option("--output <format>", "text or json: what is told about the CSV")
    .option("-q, --quiet", "tell only what is wrong")
    .option("-v, --verbose", "causes of errors")
    .option("--no-color", "no colours (also: NO_COLOR)")
    .addHelpText(
      "after",
      `
Examples:
  reupload find failed-since --param since=2026-01-31 --out failed_workitems.csv \\
    --kusto-cluster https://CLUSTER.REGION.kusto.windows.net --kusto-database DB
  reupload find failed-on-machines --param machines=A,B,C --param since=2026-01-31 --out failed_workitems.csv
  reupload find mine.kql --out - | head
The tables that the shipped queries expect, and how to write your own: docs/kusto.md
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
