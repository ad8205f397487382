/** `reupload remaining`: a CSV of the work items that are not completed. */
import { retryFailed } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import {
  type FailedOnly,
  type RemainingResult,
  type RunningProcess,
  writeRemaining,
} from "../job/remaining.ts";
import { findStatePaths } from "../job/states.ts";
import { quantity } from "../terminal/format.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { listenForStop } from "./stop-signals.ts";

export interface RemainingArguments {
  readonly stateDb?: readonly string[];
  readonly csv?: string;
  readonly failedOnly?: string;
  readonly out: string;
}

/**
 * @returns 0, or 1 when rows of the CSV are no work items and were left out
 * @throws ReuploadError
 */
export async function remaining(given: RemainingArguments, io: Io): Promise<ExitCode> {
  const { csv, out } = given;
  const failedOnly = parseFailedOnly(given.failedOnly);
  const states = findStatePaths(given.stateDb, io);
  const stop = listenForStop(io);
  try {
    const openOutput = async (companions: readonly string[]) => ResultFile.create(out, io, companions);
    const onRunning = (process: RunningProcess) => tellRunning(process, io);
    const request = { states, csv, out, failedOnly, onRunning, openOutput, signal: stop.signal };
    const result = await writeRemaining(request, io);
    tell(result, given, io);
    return result.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped === undefined || thrown !== stopped) throw thrown;
    const left = out === "-" ? "the CSV is incomplete" : `${out} is not written`;
    printLine(io.stderr, `${stopped.why}: stopped, ${left}`);
    return stopped.exitCode;
  } finally {
    stop.dispose();
  }
}

function parseFailedOnly(text: string | undefined): FailedOnly {
  if (text === undefined) return undefined;
  try {
    const codes = retryFailed(text);
    if (codes !== "none") return codes;
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--failed-only: ${errorMessageText(thrown)}, got "${text}"`);
  }
  throw new ReuploadError("bad-option", `--failed-only: expected all or failure codes, got "${text}"`);
}

function tellRunning({ stateDb, pid }: RunningProcess, io: Io): void {
  const message = `a process works on ${stateDb} (pid ${pid}): the CSV also contains the work items that it completes from now on`;
  printLine(io.stderr, `warning: ${message}`);
}

function tell(result: RemainingResult, { out, failedOnly }: RemainingArguments, io: Io): void {
  const { rows, rowsOfMissing, missingPartitions, totalPartitions, rejected, warning } = result;
  const where = out === "-" ? "" : ` written to ${out}`;
  printLine(io.stderr, `${quantity(rows, "row")}${where}: the work items that are not completed`);
  if (missingPartitions.length > 0) {
    const what = `no state of ${quantity(missingPartitions.length, "partition")} of ${totalPartitions} is given`;
    const rest =
      failedOnly === undefined
        ? `the CSV contains all their rows: ${rowsOfMissing}`
        : "the CSV does not contain what failed there";
    printLine(io.stderr, `warning: ${what}; ${rest}`);
  }
  if (warning !== undefined) printLine(io.stderr, `warning: ${warning}`);
  if (rejected > 0) {
    printLine(
      io.stderr,
      `warning: ${quantity(rejected, "row")} of the CSV left out, because they name no work item (see the .rejected.csv of the run)`,
    );
  }
}
