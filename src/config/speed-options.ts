/** How fast, how long it waits, and what is printed. */
import { option, type OptionSpec } from "./option-spec.ts";
import {
  bandwidth,
  concurrency,
  duration,
  maxFailures,
  oneOf,
  requestRate,
  text,
  wholeNumber,
  yesOrNo,
} from "./values.ts";

const SPEED = "Speed and waiting:";
const OUTPUT = "Output:";

/** By name; the order is that of the help. */
export const SPEED_OPTIONS = {
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
