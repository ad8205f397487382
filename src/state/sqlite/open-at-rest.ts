import type { DatabaseSync } from "node:sqlite";
import type { Surroundings } from "../../surroundings/surroundings.ts";
import type { RunRecord } from "../run-record.ts";
import { openForWriting, toStateError } from "./database.ts";
import { inspectState, readRun, stateMissing } from "./inspect.ts";
import { migrate } from "./migrations/migrations.ts";
import { lockState } from "./open-run.ts";
import { refuseLivingOwner } from "./owner.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";

/** A state on which no run works: it is open for writing, and locked until it is closed. */
export interface StateAtRest extends Disposable {
  readonly path: string;
  readonly db: DatabaseSync;
  readonly run: RunRecord;
  /** Ends it twice, too. */
  [Symbol.dispose](): void;
}

/**
 * Opens a state for a command that writes into it between two runs, in the newest version.
 *
 * @throws ReuploadError `state-missing`; `state-in-use` while a process works on it; `state-invalid` and the others of
 * `StateKind.open`
 */
export async function openAtRest(surroundings: Surroundings, location: string): Promise<StateAtRest> {
  const path = statePath(location);
  await refuseNetworkDisk(path);
  if ((await inspectState(surroundings, path)) === undefined) throw stateMissing(path);
  const lock = lockState(surroundings, path);
  let db: DatabaseSync | undefined;
  const close = (): void => {
    if (db?.isOpen === true) db.close();
    lock.release();
  };
  try {
    db = openForWriting(path);
    refuseLivingOwner(db, surroundings.wall());
    migrate(db, Number(db.prepare("PRAGMA user_version").get()?.["user_version"]));
    const run = readRun(db, path);
    if (run === undefined) throw stateMissing(path);
    return { path, db, run, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw toStateError(error, path);
  }
}
