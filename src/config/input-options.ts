/** What is read, and where the run is kept. */
import { option, type OptionSpec } from "./option-spec.ts";
import { oneOf, retryFailed, sourcePrefix, text, wholeNumber, yesOrNo } from "./values.ts";

const INPUT = "Input:";
const CATALOG = "Catalog:";
const STATE = "State and resume:";

/** By name; the order is that of the help. */
export const INPUT_OPTIONS = {
  csv: option(
    INPUT,
    "--csv <file>",
    text,
    undefined,
    "failed work items: JobId,WorkItemId[,WorkItemName]; - reads stdin",
    "same",
  ),
  files: option(
    INPUT,
    "--files <file>",
    text,
    undefined,
    "listing of their files (CSV or NDJSON): JobId,WorkItemId,WorkItemName,Uri,FileName[,Length,ContentMD5]",
    "same",
  ),
  catalog: option(
    INPUT,
    "--catalog <kind>",
    oneOf("listing", "kusto", "container", "folder"),
    undefined,
    "where the file lists come from: listing, kusto, container or folder (follows from the options below)",
    "same",
  ),
  kustoCluster: option(
    CATALOG,
    "--kusto-cluster <url>",
    text,
    undefined,
    "Azure Data Explorer cluster: https://CLUSTER.REGION.kusto.windows.net",
    "same",
  ),
  kustoDatabase: option(CATALOG, "--kusto-database <name>", text, undefined, "its database", "same"),
  kustoQuery: option(
    CATALOG,
    "--kusto-query <file>",
    text,
    undefined,
    "KQL that gives JobId, WorkItemId, WorkItemName, Uri, FileName (default: the table Files)",
    "same",
  ),
  fileSuffix: option(
    CATALOG,
    "--file-suffix <text>",
    text,
    "perf-lab-report.json",
    "files whose name ends so, in the default query",
    "same",
  ),
  kustoQueries: option(CATALOG, "--kusto-queries <n>", wholeNumber(1, 64), "4", "queries under way at once"),
  sourceContainer: option(
    CATALOG,
    "--source-container <url>",
    text,
    undefined,
    "container whose blobs are the files: https://ACCOUNT.blob.core.windows.net/CONTAINER",
    "same",
  ),
  sourceDir: option(
    CATALOG,
    "--source-dir <folder>",
    text,
    undefined,
    "local folder that holds the files",
    "same",
  ),
  sourcePrefix: option(
    CATALOG,
    "--source-prefix <template>",
    sourcePrefix,
    "{jobId}/{workItemId}/",
    "where a work item's files lie in the container or folder, from {jobId} {workItemId} {workItemName}",
    "same",
  ),
  partition: option(
    INPUT,
    "--partition <i>",
    wholeNumber(0, 99_999),
    undefined,
    "this machine's share, from 0; needs --total-partitions",
    "same",
  ),
  totalPartitions: option(
    INPUT,
    "--total-partitions <n>",
    wholeNumber(1, 100_000),
    undefined,
    "how many machines share the CSV",
    "same",
  ),

  stateDb: option(
    STATE,
    "--state-db <file>",
    text,
    "reupload_state.db",
    "state of this machine's run",
    "start",
  ),
  resume: option(
    STATE,
    "--resume",
    yesOrNo,
    "false",
    "continue what the state says is unfinished, or start when there is no state yet",
    "start",
  ),
  updateCsv: option(
    STATE,
    "--update-csv",
    yesOrNo,
    "false",
    "with --resume: the CSV has grown; add the new rows",
    "start",
  ),
  retryFailed: option(
    STATE,
    "--retry-failed [codes]",
    retryFailed,
    "all",
    "with --resume: retry failed files, all or those with these codes",
    "start",
  ),
} as const satisfies Record<string, OptionSpec>;
