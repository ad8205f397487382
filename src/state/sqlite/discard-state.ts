import { lockState } from "./open-run.ts";
import { statePath } from "./place.ts";
import { fileSize, logSize, removeState } from "./state-files.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** As `StateKind.discard`: under the lock, so that no start begins on a state that is about to go. */
export function discardState(surroundings: Surroundings, location: string): void {
  const path = statePath(location);
  if (fileSize(path) === 0 && logSize(path) === 0) return removeState(path);
  const lock = lockState(surroundings, path);
  try {
    removeState(path);
  } finally {
    lock.remove();
  }
}
