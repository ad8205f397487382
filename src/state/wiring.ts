/** Which kind of state a run has, and what reads the states of the original tool: the one place that picks them. */
import { checkOriginalStates, readOriginalStates } from "./original/read-original-states.ts";
import { SQLITE_STATES } from "./sqlite/sqlite-kind.ts";
import type { StateKind } from "./state-kind.ts";

export const STATES: StateKind = SQLITE_STATES;

/** What may follow the path of a state in the names of files that belong to it. */
export { COMPANION_ENDINGS as STATE_COMPANION_ENDINGS } from "./sqlite/state-files.ts";

export { checkOriginalStates, readOriginalStates };
