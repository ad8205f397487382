/**
 * Every option of `reupload run`, once: its flag, its values, its default, its help. The command line, the
 * environment variables, the configuration file and the documentation's table all follow from this table.
 */
import { DEFAULT_NAME_TEMPLATE } from "../core/target-name.ts";
import {
  bandwidth,
  concurrency,
  containerName,
  duration,
  headerText,
  maxFailures,
  nameTemplate,
  oneOf,
  type Parser,
  queueName,
  requestRate,
  retryFailed,
  sourcePrefix,
  text,
  wholeNumber,
  yesOrNo,
} from "./values.ts";

export interface OptionSpec<Value = unknown> {
  /** As commander takes it: `--state-db <file>`; without `<...>` it is a switch. */
  readonly flag: string;
  readonly parse: Parser<Value>;
  /** As text, as the operator would give it; undefined when the option has no default. */
  readonly default: string | undefined;
  readonly help: string;
  readonly group: string;
  /** Kept in the state, so that a resume need not give it again. */
  readonly kept: boolean;
}

function option<Value, Default extends string | undefined>(
  group: string,
  flag: string,
  parse: Parser<Value>,
  fallback: Default,
  help: string,
  details: { readonly kept?: boolean } = {},
) {
  return { flag, parse, default: fallback, help, group, kept: details.kept ?? true };
}

const INPUT = "Input:";
const CATALOG = "Catalog:";
const STATE = "State and resume:";
const TARGET = "Target:";
const TRANSFER = "Transfer:";
const SPEED = "Speed and waiting:";
const OUTPUT = "Output:";

const here = { kept: false } as const;

export const RUN_OPTIONS = {
  csv: option(
    INPUT,
    "--csv <file>",
    text,
    undefined,
    "CSV of failed work items: JobId,WorkItemId[,WorkItemName]; - reads stdin",
  ),
  files: option(
    INPUT,
    "--files <file>",
    text,
    undefined,
    "listing of their files (CSV or NDJSON): JobId,WorkItemId,WorkItemName,Uri,FileName[,Length,ContentMD5]",
  ),
  catalog: option(
    INPUT,
    "--catalog <kind>",
    oneOf("listing", "kusto", "container", "folder"),
    undefined,
    "source of the file lists: listing, kusto, container or folder (default: follows from the options given)",
  ),
  kustoCluster: option(
    CATALOG,
    "--kusto-cluster <url>",
    text,
    undefined,
    "Azure Data Explorer cluster: https://CLUSTER.REGION.kusto.windows.net",
  ),
  kustoDatabase: option(CATALOG, "--kusto-database <name>", text, undefined, "database of that cluster"),
  kustoQuery: option(
    CATALOG,
    "--kusto-query <file>",
    text,
    undefined,
    "file with a KQL query that returns JobId, WorkItemId, WorkItemName, Uri, FileName (default: reads the table Files)",
  ),
  fileSuffix: option(
    CATALOG,
    "--file-suffix <text>",
    text,
    "perf-lab-report.json",
    "the default query returns only files whose names end with this text",
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
  ),
  sourceDir: option(CATALOG, "--source-dir <folder>", text, undefined, "local folder that holds the files"),
  sourcePrefix: option(
    CATALOG,
    "--source-prefix <template>",
    sourcePrefix,
    "{jobId}/{workItemId}/",
    "path of a work item's files in the container or folder; fields: {jobId} {workItemId} {workItemName}",
  ),
  partition: option(
    INPUT,
    "--partition <i>",
    wholeNumber(0, 99_999),
    undefined,
    "partition of this machine, counted from 0; needs --total-partitions",
  ),
  totalPartitions: option(
    INPUT,
    "--total-partitions <n>",
    wholeNumber(1, 100_000),
    undefined,
    "number of partitions of the CSV, one for each machine",
  ),

  stateDb: option(
    STATE,
    "--state-db <file>",
    text,
    "reupload_state.db",
    "state file of this machine's run",
    here,
  ),
  resume: option(
    STATE,
    "--resume",
    yesOrNo,
    "false",
    "continue the unfinished work of the state; start a new run if there is no state yet",
    here,
  ),
  updateCsv: option(
    STATE,
    "--update-csv",
    yesOrNo,
    "false",
    "with --resume: add the new rows of a CSV that has grown",
    here,
  ),
  retryFailed: option(
    STATE,
    "--retry-failed [codes]",
    retryFailed,
    "all",
    "with --resume: retry all failed files, or only those with these codes",
    here,
  ),

  target: option(
    TARGET,
    "--target <url>",
    text,
    undefined,
    "storage account: https://ACCOUNT.blob.core.windows.net",
  ),
  targetContainer: option(
    TARGET,
    "--target-container <name>",
    containerName,
    "results",
    "container that receives the files",
  ),
  queue: option(
    TARGET,
    "--queue <name>",
    queueName,
    "resultsqueue",
    "queue that receives an announcement of every blob",
  ),
  announce: option(TARGET, "--no-queue", yesOrNo, "true", "send no announcements"),
  auth: option(
    TARGET,
    "--auth <way>",
    oneOf("auto", "cli", "browser", "device-code", "managed-identity", "environment"),
    "auto",
    "sign-in method: auto, cli (az login), browser, device-code, managed-identity or environment",
  ),
  tenant: option(TARGET, "--tenant <id>", text, undefined, "tenant to sign in to"),
  createMissing: option(
    TARGET,
    "--create-missing",
    yesOrNo,
    "false",
    "create the container and the queue if they do not exist",
  ),
  emulator: option(
    TARGET,
    "--emulator",
    yesOrNo,
    "false",
    "start the storage emulator (if it is installed) and use it as the target",
  ),

  transfer: option(
    TRANSFER,
    "--transfer <way>",
    oneOf("auto", "server", "stream"),
    "auto",
    "server: the service copies the files itself; stream: the files pass through this machine; auto: server, or stream where the service cannot copy",
  ),
  contentType: option(
    TRANSFER,
    "--content-type <type>",
    headerText,
    "application/json",
    "content type of the blobs; source keeps the source's type (the other properties and the metadata always come from the source)",
  ),
  nameTemplate: option(
    TRANSFER,
    "--name-template <template>",
    nameTemplate,
    DEFAULT_NAME_TEMPLATE,
    "template of the blob names; fields: {jobId} {workItemId} {workItemName} {fileName} {fileBaseName}",
  ),
  onConflict: option(
    TRANSFER,
    "--on-conflict <what>",
    oneOf("fail", "skip", "overwrite"),
    "fail",
    "if a blob with this name and other content exists: fail, skip or overwrite",
  ),
  onCollision: option(
    TRANSFER,
    "--on-collision <what>",
    oneOf("report", "path", "first"),
    "report",
    "if two files of a work item get the same name: report both, name them by their path, or take only the first",
  ),
  onEmpty: option(
    TRANSFER,
    "--on-empty <what>",
    oneOf("report", "fail"),
    "report",
    "if a work item has no files: report or fail",
  ),
  announceExisting: option(
    TRANSFER,
    "--announce-existing <when>",
    oneOf("always", "never"),
    "always",
    "whether to announce blobs that existed before the run: always or never",
  ),
  messageTtl: option(
    TRANSFER,
    "--message-ttl <time>",
    duration("1m", "3650d"),
    undefined,
    "time after which an announcement expires (default: never)",
  ),

  concurrency: option(
    SPEED,
    "--concurrency <n>",
    concurrency,
    "auto",
    "number of file slots; auto finds the best number. --workitem-workers and --file-workers turn auto off; this option overrides --file-workers",
  ),
  workitemWorkers: option(
    SPEED,
    "--workitem-workers <n>",
    wholeNumber(1, 1000),
    "20",
    "number of work items open at once (more if they have few files, so that no slot idles)",
  ),
  fileWorkers: option(
    SPEED,
    "--file-workers <n>",
    wholeNumber(1, 1000),
    "10",
    "this number times --workitem-workers gives the number of file slots, which all open work items share; turns --concurrency auto off",
  ),
  maxBandwidth: option(
    SPEED,
    "--max-bandwidth <rate>",
    bandwidth,
    undefined,
    "limit for the bytes through this machine, both ways: 10MB/s, 80Mbit/s, or by local time: 08:00,10MB/s 20:00,off",
  ),
  maxRequests: option(
    SPEED,
    "--max-requests <rate>",
    requestRate,
    undefined,
    "limit for the storage requests of this run: 500/s, or by local time: 08:00,500/s 20:00,off",
  ),
  maxQueueDepth: option(
    SPEED,
    "--max-queue-depth <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "announce only while the queue holds fewer messages than this; wait as long as needed",
  ),
  maxFailures: option(
    SPEED,
    "--max-failures <limit>",
    maxFailures,
    undefined,
    "stop early (exit code 5) when more than N files, or more than P% of the files, fail in this start (P% is checked from 100 files on)",
  ),
  limit: option(
    SPEED,
    "--limit <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "process only the first N pending work items",
    here,
  ),
  sample: option(
    SPEED,
    "--sample <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "process only N pending work items, spread over the CSV",
    here,
  ),
  dryRun: option(
    SPEED,
    "--dry-run",
    yesOrNo,
    "false",
    "show what the command would do and change nothing",
    here,
  ),
  requestTimeout: option(
    SPEED,
    "--request-timeout <time>",
    duration("1s", "1h"),
    "30s",
    "abort a request after this time without a byte",
  ),
  maxWait: option(
    SPEED,
    "--max-wait <time>",
    duration("0s", "365d"),
    "6h",
    "how long to wait for an outage to end before the run stops (resumable); a queue at --max-queue-depth is not an outage",
  ),
  grace: option(
    SPEED,
    "--grace <time>",
    duration("0s", "30d"),
    "60s",
    "after Ctrl+C: time for the files in flight to finish; files that only wait are released at once",
    here,
  ),

  config: option(
    OUTPUT,
    "--config <file>",
    text,
    undefined,
    "configuration file (default: reupload.config.{json,yaml} in this folder, if it exists)",
    here,
  ),
  output: option(
    OUTPUT,
    "--output <format>",
    oneOf("text", "json"),
    "text",
    "text, or json for NDJSON events on stdout",
    here,
  ),
  quiet: option(OUTPUT, "-q, --quiet", yesOrNo, "false", "print only the summary, no progress", here),
  verbose: option(
    OUTPUT,
    "-v, --verbose",
    yesOrNo,
    "false",
    "print a line for each file, and the causes and request ids of errors",
    here,
  ),
  logFile: option(
    OUTPUT,
    "--log-file <file>",
    text,
    undefined,
    "write a log to this file (JSON lines; rotated at 50 MiB, 5 files kept)",
    here,
  ),
  color: option(OUTPUT, "--no-color", yesOrNo, "true", "print no colours (also: NO_COLOR)", here),
} as const satisfies Record<string, OptionSpec>;

export type RunOptionName = keyof typeof RUN_OPTIONS;
export const RUN_OPTION_NAMES = Object.keys(RUN_OPTIONS) as RunOptionName[];

type ValueOf<Spec> = Spec extends { parse: Parser<infer Value>; default: infer Default }
  ? Default extends string
    ? Value
    : Value | undefined
  : never;

/** The validated options of one run. */
export type RunSettings = { readonly [Name in RunOptionName]: ValueOf<(typeof RUN_OPTIONS)[Name]> };

/** `stateDb` -> `state-db`: the flag without dashes, and the key in a configuration file. */
export function configKey(name: RunOptionName): string {
  return name === "announce" ? "announce" : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `stateDb` -> `REUPLOAD_STATE_DB` */
export function environmentName(name: RunOptionName): string {
  return `REUPLOAD_${configKey(name).toUpperCase().replaceAll("-", "_")}`;
}
