/** What `monitor` and `status` look at: states of this machine, or a run as the target's account knows it. */
import { existsSync } from "node:fs";
import { type Given, resolveOne } from "../config/config.ts";
import { absolutePath, type Place } from "./states.ts";

/** What the command line says of it. */
export interface LookedAt {
  /** `--state-db` */
  readonly states: readonly string[];
  /** `--target`, `--csv`, `--run` or `--coordination-container` stands on the command line. */
  readonly namesRun: boolean;
}

/**
 * The account, when the command line names a run. With neither a run nor a state on it: the account, when a target is
 * configured and the state that `run` would use is not here.
 */
export function looksAtAccount({ states, namesRun }: LookedAt, given: Given, place: Place): boolean {
  if (namesRun) return true;
  if (states.length > 0 || existsSync(absolutePath(resolveOne(given, "stateDb"), place))) return false;
  const hasConnection = (place.env["AZURE_STORAGE_CONNECTION_STRING"] ?? "") !== "";
  return given.has("target") || (hasConnection && given.has("csv"));
}
