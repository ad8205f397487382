/** `reupload status`: one line for scripts, and an exit code. */
import { existsSync } from "node:fs";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { FleetWatch } from "../progress/fleet.ts";
import { STATES } from "../state/wiring.ts";
import { refuseOverlap } from "../files/overlap.ts";
import { fleetJson } from "../report/fleet-json.ts";
import { jsonText } from "../report/json-forms.ts";
import { statusText } from "../terminal/status-text.ts";
import { type Io, printLines, printLine, writeLines } from "../terminal/io.ts";
import { parseOutput } from "./options.ts";
import { absolutePath, OpenStates, findStatePaths } from "../job/states.ts";
import { listenForStop } from "./stop-signals.ts";

/** Work items in progress that the JSON names. */
const MOST_SLOWEST = 10;

export interface StatusArguments {
  readonly stateDb?: readonly string[];
  readonly snapshot?: string;
  readonly output?: string;
}

/**
 * @returns the worst of the states' codes; 3 when the states do not fit together
 * @throws ReuploadError
 */
export async function status(given: StatusArguments, io: Io): Promise<ExitCode> {
  const isJson = parseOutput(given.output) === "json";
  const paths = findStatePaths(given.stateDb, io);
  using states = await OpenStates.open(paths, io);
  const stopped = given.snapshot === undefined ? undefined : await takeSnapshot(paths, given.snapshot, io);
  if (stopped !== undefined) return stopped;
  const fleet = new FleetWatch(0, await states.read()).view();
  if (isJson) {
    const report = { time: io.surroundings.wall(), fleet, ...(await states.details(fleet, MOST_SLOWEST)) };
    await writeLines(io, [jsonText(fleetJson("status", report))]);
  } else await printLines(io, statusText(fleet));
  for (const mismatch of fleet.mismatches) printLine(io.stderr, `warning: not added up: ${mismatch}`);
  return fleet.exitCode;
}

/** @returns the exit code when a signal stopped it */
async function takeSnapshot(
  paths: readonly string[],
  snapshot: string,
  io: Io,
): Promise<ExitCode | undefined> {
  const [path, second] = paths;
  if (path === undefined || second !== undefined) {
    throw new ReuploadError("usage", "--snapshot copies one state, but several are given.", {
      advice: "Give one --state-db, and run the command again for the next state.",
    });
  }
  const target = absolutePath(snapshot, io);
  if (existsSync(target)) {
    throw new ReuploadError("output-unwritable", `${snapshot} already exists.`, {
      advice: "A snapshot never replaces a file. Give another path with --snapshot.",
    });
  }
  const source = absolutePath(path, io);
  refuseOverlap([
    { option: "--state-db", paths: STATES.files(source), use: "read" },
    { option: "--snapshot", paths: [target, `${target}.new`], use: "written" },
  ]);
  const stop = listenForStop();
  try {
    await STATES.snapshot(source, target, { signal: stop.signal });
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped === undefined || thrown !== stopped) throw thrown;
    printLine(io.stderr, `${stopped.why}: stopped, ${snapshot} is not written`);
    return stopped.exitCode;
  } finally {
    stop.dispose();
  }
  printLine(io.stderr, `copied ${path} to ${snapshot}`);
  return undefined;
}
