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
  readonly onResume: OnResume;
}

/**
 * What a resume may do with an option.
 *
 * `same`   it is part of the run: kept in the state, and another value is refused, because the state's facts would speak
 *          of something else
 * `new`    kept in the state; another value holds from now on, for what is left to do, and is kept in its place
 * `start`  it belongs to one start and is not kept
 */
export type OnResume = "same" | "new" | "start";

/** Whether the state keeps it, so that a resume need not give it again. */
export function isKept(name: RunOptionName): boolean {
  return RUN_OPTIONS[name].onResume !== "start";
}

function option<Value, Default extends string | undefined>(
  group: string,
  flag: string,
  parse: Parser<Value>,
  fallback: Default,
  help: string,
  onResume: OnResume = "new",
) {
  return { flag, parse, default: fallback, help, group, onResume };
}

const INPUT = "Input:";
const CATALOG = "Catalog:";
const STATE = "State and resume:";
const TARGET = "Target:";
const TRANSFER = "Transfer:";
const SPEED = "Speed and waiting:";
const OUTPUT = "Output:";

export const RUN_OPTIONS = {
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

  target: option(
    TARGET,
    "--target <url>",
    text,
    undefined,
    "account: https://ACCOUNT.blob.core.windows.net",
    "same",
  ),
  targetContainer: option(
    TARGET,
    "--target-container <name>",
    containerName,
    "results",
    "container that must hold every file",
    "same",
  ),
  queue: option(
    TARGET,
    "--queue <name>",
    queueName,
    "resultsqueue",
    "queue that must be told about every blob",
    "same",
  ),
  announce: option(TARGET, "--no-queue", yesOrNo, "true", "announce nothing", "same"),
  auth: option(
    TARGET,
    "--auth <way>",
    oneOf("auto", "cli", "browser", "device-code", "managed-identity", "environment"),
    "auto",
    "sign-in: auto, cli (az login), browser, device-code, managed-identity or environment",
  ),
  tenant: option(TARGET, "--tenant <id>", text, undefined, "tenant to sign in to"),
  createMissing: option(
    TARGET,
    "--create-missing",
    yesOrNo,
    "false",
    "create the container and the queue when they are missing",
  ),
  emulator: option(
    TARGET,
    "--emulator",
    yesOrNo,
    "false",
    "start the storage emulator (when installed) and use it as the target",
    "same",
  ),

  transfer: option(
    TRANSFER,
    "--transfer <way>",
    oneOf("auto", "server", "stream"),
    "auto",
    "server: copied by the service itself; stream: through this machine",
  ),
  contentType: option(
    TRANSFER,
    "--content-type <type>",
    headerText,
    "application/json",
    "the blobs' content type; source keeps the source's (encoding, metadata and all else are the source's anyway)",
  ),
  nameTemplate: option(
    TRANSFER,
    "--name-template <template>",
    nameTemplate,
    DEFAULT_NAME_TEMPLATE,
    "blob names, from {jobId} {workItemId} {workItemName} {fileName} {fileBaseName}",
    "same",
  ),
  onConflict: option(
    TRANSFER,
    "--on-conflict <what>",
    oneOf("fail", "skip", "overwrite"),
    "fail",
    "a blob with other content is there: fail, skip or overwrite",
  ),
  onCollision: option(
    TRANSFER,
    "--on-collision <what>",
    oneOf("report", "path", "first"),
    "report",
    "two files of a work item get one name: report, name by path, or take the first",
  ),
  onEmpty: option(
    TRANSFER,
    "--on-empty <what>",
    oneOf("report", "fail"),
    "report",
    "a work item without files: report or fail",
  ),
  announceExisting: option(
    TRANSFER,
    "--announce-existing <when>",
    oneOf("always", "never"),
    "always",
    "announce blobs that were there before the run",
  ),
  messageTtl: option(
    TRANSFER,
    "--message-ttl <time>",
    duration("1m", "3650d"),
    undefined,
    "announcements expire after this (never, unless given)",
  ),

  concurrency: option(
    SPEED,
    "--concurrency <n>",
    concurrency,
    "auto",
    "file slots: so many, or auto: as many as are found to pay (unless workers are given; wins over --file-workers)",
  ),
  workitemWorkers: option(
    SPEED,
    "--workitem-workers <n>",
    wholeNumber(1, 1000),
    "20",
    "work items open at once (more when they have few files, so that no slot idles)",
  ),
  fileWorkers: option(
    SPEED,
    "--file-workers <n>",
    wholeNumber(1, 1000),
    "10",
    "times work items = file slots, shared by all open work items; given, there is no auto",
  ),
  maxBandwidth: option(
    SPEED,
    "--max-bandwidth <rate>",
    bandwidth,
    undefined,
    "bytes through this machine, both ways: 10MB/s, 80Mbit/s, or by local time: 08:00,10MB/s 20:00,off",
  ),
  maxRequests: option(
    SPEED,
    "--max-requests <rate>",
    requestRate,
    undefined,
    "storage requests of this run: 500/s, or by local time: 08:00,500/s 20:00,off",
  ),
  maxQueueDepth: option(
    SPEED,
    "--max-queue-depth <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "announce only while the queue holds fewer messages than this; however long that takes",
  ),
  maxFailures: option(
    SPEED,
    "--max-failures <limit>",
    maxFailures,
    undefined,
    "stop early (exit 5) when more than N files failed in this start, or more than P% of them (a share is judged after 100 files)",
  ),
  limit: option(
    SPEED,
    "--limit <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "take only the first N work items that are pending",
    "start",
  ),
  sample: option(
    SPEED,
    "--sample <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "take only N pending work items, spread over the CSV",
    "start",
  ),
  dryRun: option(SPEED, "--dry-run", yesOrNo, "false", "say what would be done and touch nothing", "start"),
  requestTimeout: option(
    SPEED,
    "--request-timeout <time>",
    duration("1s", "1h"),
    "30s",
    "a request ends after this long without a byte",
  ),
  maxWait: option(
    SPEED,
    "--max-wait <time>",
    duration("0s", "365d"),
    "6h",
    "how long to sit out an outage before stopping (resumable); a queue at --max-queue-depth is none",
  ),
  grace: option(
    SPEED,
    "--grace <time>",
    duration("0s", "30d"),
    "60s",
    "after Ctrl+C: how long files in flight may finish; those that only wait are given back at once",
    "start",
  ),

  config: option(
    OUTPUT,
    "--config <file>",
    text,
    undefined,
    "configuration file (default: reupload.config.{json,yaml} here, when there)",
    "start",
  ),
  output: option(
    OUTPUT,
    "--output <format>",
    oneOf("text", "json"),
    "text",
    "json prints NDJSON events to stdout",
    "start",
  ),
  quiet: option(OUTPUT, "-q, --quiet", yesOrNo, "false", "no progress, only the summary", "start"),
  verbose: option(
    OUTPUT,
    "-v, --verbose",
    yesOrNo,
    "false",
    "a line a file; causes and request ids of errors",
    "start",
  ),
  logFile: option(
    OUTPUT,
    "--log-file <file>",
    text,
    undefined,
    "write a log (JSON lines, rotated at 50 MiB, 5 kept)",
    "start",
  ),
  color: option(OUTPUT, "--no-color", yesOrNo, "true", "no colours (also: NO_COLOR)", "start"),
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
