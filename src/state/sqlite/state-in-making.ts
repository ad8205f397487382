/**
 * A state that is made in several steps, under another name until it is whole: a kill in the middle leaves nothing that
 * could be taken for a run. What it leaves is removed by the next one.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { ReuploadError } from "../../core/errors.ts";
import { removeLeftover } from "../../files/new-file.ts";
import { toStateError } from "./database.ts";
import { inspectState } from "./inspect.ts";
import { takeLockOf } from "./open-run.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";
import { IMPORTING_SUFFIX, removeState, sizeOf } from "./state-files.ts";

export interface StateInMaking extends Disposable {
  /** Where it is made: to be opened, filled and closed there. */
  readonly path: string;
  /** Puts the closed state in its place, flushed. @throws ReuploadError `disk-full`, `usage` */
  publish(): void;
  /** Removes what was not published, and releases the place. */
  [Symbol.dispose](): void;
}

/**
 * Takes the lock of the place, so that nobody begins a run or another making there meanwhile.
 *
 * @throws ReuploadError `state-exists` when a run is there, `state-locked`, those of InspectState
 */
export async function makeState(given: string): Promise<StateInMaking> {
  const place = statePath(given);
  await refuseNetworkDisk(place);
  await refuseRun(place);
  const lock = takeLockOf(place);
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
    path,
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
}

/** @throws ReuploadError `state-exists` when a run is there, those of InspectState */
export async function refuseRun(path: string): Promise<void> {
  if ((await inspectState(path)) === undefined) return;
  throw new ReuploadError("state-exists", `${path} holds a run already.`, {
    advice: "A state is imported into a new file only: give another path with --state-db.",
  });
}

/**
 * For those who would begin a run at this path: it would know nothing of what was to be taken over.
 *
 * @throws ReuploadError `state-exists` when a making there was cut short
 */
export function refuseCutShort(given: string): void {
  const path = statePath(given) + IMPORTING_SUFFIX;
  if (sizeOf(path) === 0) return;
  throw new ReuploadError(
    "state-exists",
    `an import into ${given} was cut short: ${path} is what is left of it`,
    {
      advice:
        "Give the same import-state again. To begin without what the old states know, remove that file first.",
    },
  );
}

function flush(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
