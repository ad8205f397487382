import type { StateKind } from "../state-kind.ts";
import { openAnnouncements } from "./announcements.ts";
import { discardState } from "./discard-state.ts";
import { inspectState } from "./inspect.ts";
import { openRun } from "./open-run.ts";
import { readState } from "./read-state.ts";
import { makeState } from "./state-in-making.ts";
import { snapshotState } from "./snapshot-state.ts";
import { companionFiles } from "./state-files.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** States that are SQLite files; a location is the path of the file. */
export function sqliteStates(surroundings: Surroundings): StateKind {
  return {
    inspect: (location) => inspectState(surroundings, location),
    open: (...how) => openRun(surroundings, ...how),
    read: (location) => readState(surroundings, location),
    snapshot: (...how) => snapshotState(surroundings, ...how),
    make: (location) => makeState(surroundings, location),
    discard: (location) => discardState(surroundings, location),
    openAnnouncements: (options) => openAnnouncements(surroundings, options),
    files: companionFiles,
  };
}
