/**
 * A state that is made in several steps, under another name until it is whole: a kill in the middle leaves nothing that
 * could be taken for a run. What it leaves is removed by the next one.
 */
import { rmSync } from "node:fs";
import { ReuploadError } from "../../core/errors.ts";
import { removeLeftover } from "../../files/files.ts";
import type { StateInMaking } from "../state-kind.ts";
import { toStateError } from "./database.ts";
import { inspectState } from "./inspect.ts";
import { lockState } from "./open-run.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";
import { IMPORTING_SUFFIX, putInPlace, removeState } from "./state-files.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/**
 * Takes the lock of the place, so that nobody begins a run or another making there meanwhile.
 *
 * @throws ReuploadError `state-exists` when a run is there, `state-locked`, those of InspectState
 */
export async function makeState(surroundings: Surroundings, given: string): Promise<StateInMaking> {
  const place = statePath(given);
  await refuseNetworkDisk(place);
  await refuseRun(surroundings, place);
  const lock = lockState(surroundings, place);
  const path = place + IMPORTING_SUFFIX;
  try {
    await refuseRun(surroundings, place);
    removeLeftover(path);
    removeState(path);
  } catch (error) {
    lock.release();
    throw toStateError(error, place);
  }
  let isThere = false;
  return {
    location: path,
    publish() {
      try {
        putInPlace(path, place);
        isThere = true;
      } catch (error) {
        throw toStateError(error, place);
      }
    },
    [Symbol.dispose]() {
      removeState(path);
      rmSync(`${path}.lock`, { force: true });
      if (isThere) lock.release();
      else lock.remove();
    },
  };
}

/** @throws ReuploadError `state-exists` when a run is there, those of InspectState */
async function refuseRun(surroundings: Surroundings, path: string): Promise<void> {
  if ((await inspectState(surroundings, path)) === undefined) return;
  throw new ReuploadError("state-exists", `${path} holds a run already.`, {
    advice: "import-state writes only to a new file: give another path with --state-db.",
  });
}
