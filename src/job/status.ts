/** Where one or several states stand now, and a copy of one of them. */
import { existsSync } from "node:fs";
import { ReuploadError } from "../core/errors.ts";
import { refuseOverlap } from "../files/overlap.ts";
import { type FleetView, FleetWatch } from "../progress/fleet.ts";
import type { FleetReport } from "../report/fleet-json.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";
import { STATES } from "../state/wiring.ts";
import { absolutePath, MOST_SLOWEST, type OpenStates, type Place } from "./states.ts";

/** Reads the counters of the states once. @throws ReuploadError `state-corrupt` */
export async function readFleet(states: OpenStates): Promise<FleetView> {
  return new FleetWatch(0, await states.read()).view();
}

/** Reads the states once, with what is in no counter. @throws ReuploadError `state-corrupt` */
export async function readFleetReport(states: OpenStates, surroundings: Surroundings): Promise<FleetReport> {
  const fleet = await readFleet(states);
  return { time: surroundings.wall(), fleet, ...(await states.details(fleet, MOST_SLOWEST)) };
}

/**
 * Makes a consistent copy of a state, also while a process writes to it.
 *
 * @param paths the state and where the copy goes, both as they were given; the copy must not be there
 * @throws ReuploadError `output-unwritable`, `usage`, and those of `StateKind.snapshot`; the signal's reason
 */
export async function copyState(
  { stateDb, snapshot }: { readonly stateDb: string; readonly snapshot: string },
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const target = absolutePath(snapshot, place);
  if (existsSync(target)) {
    throw new ReuploadError("output-unwritable", `${snapshot} already exists.`, {
      advice: "A snapshot never replaces a file. Give another path with --snapshot.",
    });
  }
  const source = absolutePath(stateDb, place);
  refuseOverlap([
    { option: "--state-db", paths: STATES.files(source), use: "read" },
    { option: "--snapshot", paths: [target, `${target}.new`], use: "written" },
  ]);
  await STATES.snapshot(source, target, { signal });
}
