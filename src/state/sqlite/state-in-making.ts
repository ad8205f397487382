/**
 * A state that is made in several steps, under another name until it is whole: a kill in the middle leaves nothing that
 * could be taken for a run. What it leaves is removed by the next one.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { ReuploadError } from "../../core/errors.ts";
import { removeLeftover } from "../../files/new-file.ts";
import type { StateKind } from "../state-kind.ts";
import { toStateError } from "./database.ts";
import { inspectState } from "./inspect.ts";
import { lockState } from "./open-run.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";
import { IMPORTING_SUFFIX, removeState } from "./state-files.ts";

/**
 * Takes the lock of the place, so that nobody begins a run or another making there meanwhile.
 *
 * @throws ReuploadError `state-exists` when a run is there, `state-locked`, those of InspectState
 */
export const makeState: StateKind["make"] = async (given) => {
  const place = statePath(given);
  await refuseNetworkDisk(place);
  await refuseRun(place);
  const lock = lockState(place);
  const path = place + IMPORTING_SUFFIX;
  try {
    await refuseRun(place);
    removeLeftover(path);
    removeState(path);
  } catch (error) {
    lock.release();
    throw toStateError(error, place);
  }
  return {
    location: path,
    publish() {
      try {
        flush(path);
        // The log of a state that was deleted by hand would be replayed into the new one.
        removeState(place);
        renameSync(path, place);
      } catch (error) {
        throw toStateError(error, place);
      }
    },
    [Symbol.dispose]() {
      removeState(path);
      rmSync(`${path}.lock`, { force: true });
      lock.release();
    },
  };
};

/** @throws ReuploadError `state-exists` when a run is there, those of InspectState */
async function refuseRun(path: string): Promise<void> {
  if ((await inspectState(path)) === undefined) return;
  throw new ReuploadError("state-exists", `${path} holds a run already.`, {
    advice: "A state is imported into a new file only: give another path with --state-db.",
  });
}

function flush(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
