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
    "start",
  ),
  sample: option(
    SPEED,
    "--sample <n>",
    wholeNumber(1, 1_000_000_000),
    undefined,
    "process only N pending work items, spread over the CSV",
    "start",
  ),
  dryRun: option(
    SPEED,
    "--dry-run",
    yesOrNo,
    "false",
    "show what the command would do and change nothing",
    "start",
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
    "start",
  ),

  maxDuration: option(
    SPEED,
    "--max-duration <time>",
    duration("1s", "365d"),
    undefined,
    "stop after this time, such as 4h for a maintenance window: as after Ctrl+C, files in flight finish within --grace (exit code 8; resumable)",
    "start",
  ),

  config: option(
    OUTPUT,
    "--config <file>",
    text,
    undefined,
    "configuration file (default: reupload.config.{json,yaml} in this folder, if it exists)",
    "start",
  ),
  output: option(
    OUTPUT,
    "--output <format>",
    oneOf("text", "json"),
    "text",
    "text, or json for NDJSON events on stdout",
    "start",
  ),
  quiet: option(OUTPUT, "-q, --quiet", yesOrNo, "false", "print only the summary, no progress", "start"),
  verbose: option(
    OUTPUT,
    "-v, --verbose",
    yesOrNo,
    "false",
    "print a line for each file, and the causes and request ids of errors",
    "start",
  ),
  logFile: option(
    OUTPUT,
    "--log-file <file>",
    text,
    undefined,
    "write a log to this file (JSON lines; rotated at 50 MiB, 5 files kept)",
    "start",
  ),
  color: option(OUTPUT, "--no-color", yesOrNo, "true", "print no colours (also: NO_COLOR)", "start"),
} as const satisfies Record<string, OptionSpec>;
