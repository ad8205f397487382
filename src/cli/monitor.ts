/** `reupload monitor`: one or several states, or a whole run by the account, as they go on. */
import type { ExitCode } from "../core/exit-codes.ts";
import { type FleetPicture, FleetMonitor } from "../job/monitor.ts";
import { findStatePaths } from "../job/states.ts";
import { fleetJson, jsonText } from "../report/report.ts";
import { monitorText, STATES_DRAWING } from "../terminal/monitor-text.ts";
import { usesLiveBlock } from "../terminal/style.ts";
import { type Io, writeLines } from "../terminal/io.ts";
import { MonitorScreen } from "../terminal/monitor-screen.ts";
import { type AccountArguments, accountRunGiven } from "./account-run.ts";
import { monitorRun, type RunShown } from "./monitor-run.ts";
import { parseOutput, parseWholeNumber } from "./options.ts";
import { listenForStop, type StopSignals } from "./stop-signals.ts";

export interface MonitorArguments extends AccountArguments {
  /** Seconds. */
  readonly refresh?: string;
  readonly once?: true;
  readonly output?: string;
  /** `false`: `--no-color` was given. */
  readonly color?: boolean;
}

/**
 * Shows where the states or the run stand until all is done, or until it is left.
 *
 * @returns as `status`, however it ends; 130 or 143 when a signal ends it
 * @throws ReuploadError
 */
export async function monitor(given: MonitorArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const refreshMs = parseWholeNumber(given.refresh ?? "10", "--refresh", 1, 3_600) * 1_000;
  const facts = { isTTY: io.stdout.isTTY, env: io.env, platform: process.platform };
  const isOnScreen = given.once !== true && !isJson && usesLiveBlock(facts);
  const account = accountRunGiven(given, io);
  const stop = listenForStop(io);
  try {
    if (account !== undefined) {
      return await monitorRun(given, account, { isJson, isOnScreen, refreshMs }, stop, io);
    }
    return await monitorStates(given, { isJson, isOnScreen, refreshMs }, stop, io);
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped !== undefined && thrown === stopped) return stopped.exitCode;
    throw thrown;
  } finally {
    stop.dispose();
  }
}

async function monitorStates(
  given: MonitorArguments,
  { isJson, isOnScreen, refreshMs }: RunShown,
  stop: StopSignals,
  io: Io,
): Promise<ExitCode> {
  using fleet = await FleetMonitor.open(findStatePaths(given.stateDb, io), io, refreshMs);
  const print = (picture: FleetPicture) =>
    writeLines(io, isJson ? [pictureJson(picture)] : pictureText(picture));
  const watching = { signal: stop.signal, isLeft: io.isStdoutClosed, show: print };
  if (given.once === true) await fleet.showOnce(watching);
  else if (isOnScreen) await showOnScreen(fleet, given.color === false, io, stop.signal);
  else await fleet.showInTurns(watching);
  return stop.control.stopRequest?.exitCode ?? fleet.view().exitCode;
}

function pictureJson(picture: FleetPicture): string {
  return jsonText(fleetJson("monitor", picture));
}

/** Blocks of a log stand apart. */
function pictureText(picture: FleetPicture): string[] {
  return [...monitorText(picture), ""];
}

async function showOnScreen(fleet: FleetMonitor, noColor: boolean, io: Io, stop: AbortSignal): Promise<void> {
  using screen = new MonitorScreen(io, noColor, STATES_DRAWING);
  await fleet.showFromStart({
    signal: AbortSignal.any([stop, screen.left]),
    isLeft: io.isStdoutClosed,
    show: (picture) => screen.show(picture),
  });
}
