import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { systemCodeOf } from "../../core/errors.ts";
import { SQLITE, sqliteCodeOf } from "./database.ts";

/** Held until released, or until the process ends however it ends: the operating system drops it then. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock of a state: an exclusive transaction that stays open on a second, empty SQLite file beside it
 * (`<state>.lock`), so that SQLite's own locking does the work on every system.
 *
 * The file is never removed: whoever opened it just before could lock the removed one while another locks its
 * successor, and inode numbers come back, so that nothing tells the two apart. One that lies about is no obstacle.
 *
 * @returns undefined when another process (or this one) holds it
 */
export function takeLock(statePath: string): StateLock | undefined {
  const path = `${statePath}.lock`;
  createPrivateFile(path);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory, or the transaction would put an empty journal file beside the lock.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return { release: () => db.close() };
  } catch (error) {
    db.close();
    if (sqliteCodeOf(error) === SQLITE.busy) return undefined;
    throw error;
  }
}

/** Creates an empty file that only its owner may read; one that is there is not even opened (closing it would drop SQLite's locks). */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
}
