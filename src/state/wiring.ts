/** Which kind of state a run has, and what reads the states of the original tool: the one place that picks them. */
import { checkOriginalStates, readOriginalStates } from "./original/read-original-states.ts";
import { sqliteStates } from "./sqlite/sqlite-kind.ts";
import { sqliteDesk } from "./sqlite/sqlite-desk.ts";
import type { OperatorDesk } from "./operator-desk.ts";
import type { StateKind } from "./state-kind.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

export const STATES: StateKind = sqliteStates(REAL_SURROUNDINGS);
export const DESK: OperatorDesk = sqliteDesk(REAL_SURROUNDINGS);

/** What may follow the path of a state in the names of files that belong to it. */
export { COMPANION_ENDINGS as STATE_COMPANION_ENDINGS } from "./sqlite/state-files.ts";

export { checkOriginalStates, readOriginalStates };
