/** `reupload status`: one line for scripts, and an exit code. */
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { findStatePaths, OpenStates } from "../job/states.ts";
import { copyState, readFleet, readFleetReport } from "../job/status.ts";
import { fleetJson, jsonText } from "../report/report.ts";
import { statusText } from "../terminal/status-text.ts";
import { type Io, printLines, printLine, writeLines } from "../terminal/io.ts";
import { type AccountArguments, accountRunGiven } from "./account-run.ts";
import { parseOutput } from "./options.ts";
import { statusOfRun } from "./status-run.ts";
import { listenForStop } from "./stop-signals.ts";

export interface StatusArguments extends AccountArguments {
  readonly snapshot?: string;
  readonly output?: string;
}

/**
 * @returns the worst of the states' codes, or the whole run's; 3 when the states do not fit together or to the run
 * @throws ReuploadError
 */
export async function status(given: StatusArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const account = accountRunGiven(given, io);
  if (account !== undefined) return statusOfRun(given, account, isJson, io);
  const paths = findStatePaths(given.stateDb, io);
  using states = await OpenStates.open(paths, io);
  const stopped = given.snapshot === undefined ? undefined : await takeSnapshot(paths, given.snapshot, io);
  if (stopped !== undefined) return stopped;
  const fleet = isJson ? await printJson(states, io) : await readFleet(states);
  if (!isJson) await printLines(io, statusText(fleet));
  const { mismatches } = fleet;
  if (mismatches.length > 0) {
    printLine(io.stderr, `warning: the states are not added up: ${mismatches.join("; ")}`);
  }
  return fleet.exitCode;
}

async function printJson(states: OpenStates, io: Io) {
  const report = await readFleetReport(states, io.surroundings);
  await writeLines(io, [jsonText(fleetJson("status", report))]);
  return report.fleet;
}

/** @returns the exit code when a signal stopped it */
async function takeSnapshot(
  [stateDb, second]: readonly string[],
  snapshot: string,
  io: Io,
): Promise<ExitCode | undefined> {
  if (stateDb === undefined || second !== undefined) {
    throw new ReuploadError("usage", "--snapshot copies one state, but several are given.", {
      advice: "Give one --state-db, and run the command again for the next state.",
    });
  }
  const stop = listenForStop(io);
  try {
    await copyState({ stateDb, snapshot }, io, stop.signal);
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped === undefined || thrown !== stopped) throw thrown;
    printLine(io.stderr, `${stopped.why}: stopped, ${snapshot} is not written`);
    return stopped.exitCode;
  } finally {
    stop.dispose();
  }
  printLine(io.stderr, `copied ${stateDb} to ${snapshot}`);
  return undefined;
}
