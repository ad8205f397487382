/** `reupload remaining`: a CSV of the work items that are not completed. */
import { retryFailed } from "../config/values.ts";
import { messageOf, ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { RemainingOptions, RemainingResult } from "../proof/remaining.ts";
import { writeRemaining } from "../proof/remaining.ts";
import { quantity } from "../terminal/format.ts";
import type { Io } from "./io.ts";
import { refuseOwnInput } from "./own-inputs.ts";
import { inputSource } from "./partitions.ts";
import { ResultFile } from "./result-file.ts";
import { absolutePath, OpenStates, statePathsOf } from "./states.ts";
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
  const failedOnly = failedOnlyOf(given.failedOnly);
  const paths = statePathsOf(given.stateDb, io);
  if (given.out !== "-") {
    refuseOwnInput("--out", absolutePath(given.out, io), {
      states: paths.map((path) => absolutePath(path, io)),
      files: given.csv === undefined || given.csv === "-" ? [] : [absolutePath(given.csv, io)],
    });
  }
  using states = await OpenStates.open(paths, io);
  tellRunning(states, io);
  const stop = listenForStop(0, () => {});
  try {
    await using file = await ResultFile.create(given.out, io);
    const csv = given.csv === undefined ? undefined : inputSource(given.csv, io);
    const result = await writeRemaining({ states: states.all, csv, failedOnly, signal: stop.drain }, (text) =>
      file.write(text),
    );
    await file.publish();
    tell(result, given, io);
    return result.rejected > 0 ? EXIT.finishedWithFailures : EXIT.done;
  } catch (thrown) {
    const stopped = stop.stoppedBy();
    if (stopped !== undefined && thrown === stop.drain.reason) return stopped.exitCode;
    throw thrown;
  } finally {
    stop.dispose();
  }
}

function failedOnlyOf(text: string | undefined): RemainingOptions["failedOnly"] {
  if (text === undefined) return undefined;
  try {
    const codes = retryFailed(text);
    if (codes !== "none") return codes;
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--failed-only: ${messageOf(thrown)}, got "${text}"`);
  }
  throw new ReuploadError("bad-option", `--failed-only: expected all or failure codes, got "${text}"`);
}

/** What is not said is taken for not done: a row too many, never one too few. */
function tellRunning(states: OpenStates, io: Io): void {
  for (const { stateDb, reading } of states.read()) {
    if (reading.writer.kind !== "running") continue;
    const message = `a process works on ${stateDb} (pid ${reading.writer.pid}): what it completes from now on is in the CSV all the same`;
    io.stderr.write(`warning: ${message}\n`);
  }
}

function tell(result: RemainingResult, { out, failedOnly }: RemainingArguments, io: Io): void {
  const { rows, rowsOfMissing, missingPartitions, totalPartitions, rejected, warning } = result;
  const where = out === "-" ? "" : ` written to ${out}`;
  io.stderr.write(`${quantity(rows, "row")}${where}: what is not completed\n`);
  if (missingPartitions.length > 0) {
    const what = `no state of ${quantity(missingPartitions.length, "partition")} of ${totalPartitions} is given`;
    const rest =
      failedOnly === undefined
        ? `all their rows are in the CSV: ${rowsOfMissing}`
        : "what failed there is not in the CSV";
    io.stderr.write(`warning: ${what}; ${rest}\n`);
  }
  if (warning !== undefined) io.stderr.write(`warning: ${warning}\n`);
  if (rejected > 0) {
    io.stderr.write(
      `warning: ${quantity(rejected, "row")} of the CSV left out: no work items (see the run's .rejected.csv)\n`,
    );
  }
}
