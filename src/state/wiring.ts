/** Which kind of state a run has, and what reads the states of the original tool: the one place that picks them. */
import { checkOriginalStates, readOriginalStates } from "./original/read-original-states.ts";
import { SQLITE_STATES } from "./sqlite/sqlite-kind.ts";
import type { StateKind } from "./state-kind.ts";

export const STATES: StateKind = SQLITE_STATES;

export { checkOriginalStates, readOriginalStates };
