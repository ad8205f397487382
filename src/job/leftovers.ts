/** Files that a command made for itself, and removes when it came to its end. */
import { rmSync } from "node:fs";
import { STATES } from "../state/wiring.ts";
import { stateStem } from "./command-files.ts";

/**
 * Removes a state that is done, its lock file and what belongs to its listing: of two same commands that are started at this very
 * moment both may go on then, and announce twice at worst.
 */
export function forgetState(statePath: string): void {
  STATES.discard(statePath);
  for (const file of STATES.files(statePath)) rmSync(file, { force: true });
  removeIndex(stateStem(statePath));
}

/** Removes the index of a listing, and the list of its rejected rows. @param stem as `OpenContext.stem` */
export function removeIndex(stem: string): void {
  for (const ending of ["listing-index", "listing-rejected.csv"])
    rmSync(`${stem}.${ending}`, { force: true });
}
