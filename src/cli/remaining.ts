/** `reupload remaining`: a CSV of the work items that are not completed. */
import { retryFailed } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { type RemainingOptions, type RemainingResult, writeRemaining } from "../proof/proof.ts";
import { quantity } from "../terminal/format.ts";
import { refuseOverlap } from "../files/overlap.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { commandFiles } from "../job/command-files.ts";
import { type Io, printLine } from "../terminal/io.ts";
import { inputSource } from "./partitions.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { absolutePath, OpenStates, findStatePaths } from "../job/states.ts";
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
  const failedOnly = parseFailedOnly(given.failedOnly);
  const paths = findStatePaths(given.stateDb, io);
  if (given.out !== "-") {
    const absolute = (path: string) => absolutePath(path, io);
    const states = paths.flatMap((path) => STATES.files(absolute(path)));
    refuseOverlap([
      { option: "--state-db", paths: states, use: "read" },
      ...commandFiles({ csv: given.csv }, absolute),
      { option: "--out", paths: [absolute(given.out)], use: "written" },
    ]);
  }
  using states = await OpenStates.open(paths, io);
  await tellRunning(states, io);
  const stop = listenForStop();
  try {
    await using file = await ResultFile.create(given.out, io, STATE_COMPANION_ENDINGS);
    const csv = given.csv === undefined ? undefined : inputSource(given.csv, io);
    const result = await writeRemaining(
      { states: states.all, csv, failedOnly, signal: stop.signal },
      (text) => file.write(text),
    );
    await file.publish();
    tell(result, given, io);
    return result.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped !== undefined && thrown === stopped) {
      const left = given.out === "-" ? "the CSV is not whole" : `${given.out} is not written`;
      printLine(io.stderr, `${stopped.why}: stopped, ${left}`);
      return stopped.exitCode;
    }
    throw thrown;
  } finally {
    stop.dispose();
  }
}

function parseFailedOnly(text: string | undefined): RemainingOptions["failedOnly"] {
  if (text === undefined) return undefined;
  try {
    const codes = retryFailed(text);
    if (codes !== "none") return codes;
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--failed-only: ${errorMessageText(thrown)}, got "${text}"`);
  }
  throw new ReuploadError("bad-option", `--failed-only: expected all or failure codes, got "${text}"`);
}

/** Warns about running processes. What is unknown counts as not done: a row too many, never one too few. */
async function tellRunning(states: OpenStates, io: Io): Promise<void> {
  for (const { stateDb, reading } of await states.read()) {
    if (reading.writer.kind !== "running") continue;
    const message = `a process works on ${stateDb} (pid ${reading.writer.pid}): the CSV also contains the work items that it completes from now on`;
    printLine(io.stderr, `warning: ${message}`);
  }
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
