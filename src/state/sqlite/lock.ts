import { DatabaseSync } from "node:sqlite";
import { SQLITE, sqliteCodeOf } from "./database.ts";
import { createPrivateFile } from "./state-files.ts";

/** Those who only ask whether it is held (`isLocked`) hold a lock too, for less than a millisecond. */
const WAIT_MS = 250;

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
  const db = new DatabaseSync(path, { timeout: WAIT_MS });
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

/**
 * Whether a process holds the lock of a state at this moment, told by trying to read the lock file. It is no obstacle
 * to `takeLock`, which waits a moment.
 */
export function isLocked(statePath: string): boolean {
  try {
    using db = new DatabaseSync(`${statePath}.lock`, { readOnly: true, timeout: 0 });
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    // Any other error: no such file, or one that is no lock of ours.
    return sqliteCodeOf(error) === SQLITE.busy;
  }
}
