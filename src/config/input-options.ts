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
    "CSV of failed work items: JobId,WorkItemId[,WorkItemName]; - reads stdin",
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
    "source of the file lists: listing, kusto, container or folder (default: follows from the options given)",
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
  kustoDatabase: option(
    CATALOG,
    "--kusto-database <name>",
    text,
    undefined,
    "database of that cluster",
    "same",
  ),
  kustoQuery: option(
    CATALOG,
    "--kusto-query <file>",
    text,
    undefined,
    "file with a KQL query that returns JobId, WorkItemId, WorkItemName, Uri, FileName (default: reads the table Files)",
    "same",
  ),
  fileSuffix: option(
    CATALOG,
    "--file-suffix <text>",
    text,
    "perf-lab-report.json",
    "the default query returns only files whose names end with this text",
    "same",
  ),
  kustoQueries: option(
    CATALOG,
    "--kusto-queries <n>",
    wholeNumber(1, 64),
    "4",
    "number of queries that run at once",
  ),
  sourceContainer: option(
    CATALOG,
    "--source-container <url>",
    text,
    undefined,
    "container that holds the files: https://ACCOUNT.blob.core.windows.net/CONTAINER",
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
    "path of a work item's files in the container or folder; fields: {jobId} {workItemId} {workItemName}",
    "same",
  ),
  partition: option(
    INPUT,
    "--partition <i>",
    wholeNumber(0, 99_999),
    undefined,
    "partition of this machine, counted from 0; needs --total-partitions",
    "same",
  ),
  totalPartitions: option(
    INPUT,
    "--total-partitions <n>",
    wholeNumber(1, 100_000),
    undefined,
    "number of partitions of the CSV, one for each machine",
    "same",
  ),

  stateDb: option(
    STATE,
    "--state-db <file>",
    text,
    "reupload_state.db",
    "state file of this machine's run",
    "start",
  ),
  resume: option(
    STATE,
    "--resume",
    yesOrNo,
    "false",
    "continue the unfinished work of the state; start a new run if there is no state yet",
    "start",
  ),
  updateCsv: option(
    STATE,
    "--update-csv",
    yesOrNo,
    "false",
    "with --resume: add the new rows of a CSV that has grown",
    "start",
  ),
  retryFailed: option(
    STATE,
    "--retry-failed [codes]",
    retryFailed,
    "all",
    "with --resume: retry all failed files, or only those with these codes",
    "start",
  ),
} as const satisfies Record<string, OptionSpec>;
