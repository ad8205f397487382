import type { StateKind } from "../state-kind.ts";
import { openAnnouncements } from "./announcements.ts";
import { inspectState } from "./inspect.ts";
import { openRun } from "./open-run.ts";
import { readState } from "./read-state.ts";
import { statePath } from "./place.ts";
import { makeState } from "./state-in-making.ts";
import { snapshotState } from "./snapshot-state.ts";
import { companionFiles, removeState } from "./state-files.ts";

/** States that are SQLite files; a location is the path of the file. */
export const SQLITE_STATES: StateKind = {
  inspect: inspectState,
  open: openRun,
  read: readState,
  snapshot: snapshotState,
  make: makeState,
  discard: (location) => removeState(statePath(location)),
  openAnnouncements,
  files: companionFiles,
};
