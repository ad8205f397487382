import { lstatSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { createUnlessThere } from "../../files/files.ts";
import { SQLITE, sqliteErrorCode } from "./database.ts";
import { forgetHolder, noteHolder } from "./holder.ts";
import { companionFiles } from "./state-files.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** Those who only ask whether it is held (`isLocked`) hold a lock too, for less than a millisecond. */
const WAIT_MS = 250;

/** Held until released, or until the process ends however it ends: the operating system drops it then. */
export interface StateLock {
  release(): void;
  /** Releases it and removes its file: of a state that is removed, nothing stays behind. */
  remove(): void;
}

/** How often a lock file is opened that was removed while it was opened. */
const TRIES = 5;

/**
 * Takes the lock of a state: an exclusive transaction that stays open on a second, empty SQLite file beside it
 * (`<state>.lock`), so that SQLite's own locking does the work on every system.
 *
 * The file is removed only by who holds the lock. Whoever had opened it just before locks the removed one then, while
 * another may lock its successor: so the path must lead to the same file before and after the lock was taken, told by its
 * number and its birth, as numbers come back. One that lies about is no obstacle.
 *
 * A link to the state leads to the same lock, because the path is the real one. A second name of the same file (a hard
 * link) would have a lock of its own: such a state is refused. To lock the file itself, in place of the path, is no way
 * out: SQLite's locks on it let readers in beside the writer, and it is replaced when a state is made.
 *
 * @param statePath as `statePath` gives it
 * @returns undefined when another process (or this one) holds it
 * @throws ReuploadError `state-locked` when the file has several names, `usage` when what stands beside it is no file
 */
export function takeLock(surroundings: Surroundings, statePath: string): StateLock | undefined {
  refuseSecondNames(statePath);
  refuseOddCompanions(statePath);
  const path = `${statePath}.lock`;
  for (let tries = 1; tries <= TRIES; tries++) {
    createUnlessThere(path);
    const opened = identify(path);
    const db = lockFile(path);
    if (db === undefined) return undefined;
    if (opened !== undefined && identify(path) === opened) return heldLock(surroundings, statePath, db);
    db.close();
  }
  return undefined;
}

/** undefined when there is no such file */
function identify(path: string): string | undefined {
  const file = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return file && `${file.dev} ${file.ino} ${file.birthtimeNs}`;
}

function heldLock(surroundings: Surroundings, statePath: string, db: DatabaseSync): StateLock {
  try {
    noteHolder(statePath, surroundings.wall());
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    release() {
      forgetHolder(statePath);
      db.close();
    },
    remove() {
      forgetHolder(statePath);
      try {
        rmSync(`${statePath}.lock`, { force: true });
      } catch {
        // Where an open file cannot be removed it stays, which is no obstacle.
      }
      db.close();
    },
  };
}

/** @returns undefined when another process (or this one) has it locked */
function lockFile(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path, { timeout: WAIT_MS });
  try {
    // In memory, or the transaction would put an empty journal file beside the lock.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    if (sqliteErrorCode(error) === SQLITE.busy) return undefined;
    throw error;
  }
}

/**
 * Whether a process holds the lock of a state at this moment, told by trying to read the lock file. It is no obstacle
 * to `takeLock`, which waits a moment.
 */
export function isLocked(statePath: string): boolean {
  const path = `${statePath}.lock`;
  // To open a pipe would wait for ever.
  if (!isFileOrNothing(path)) return false;
  try {
    using db = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    // Any other error: no such file, or one that is no lock of ours.
    return sqliteErrorCode(error) === SQLITE.busy;
  }
}

function refuseSecondNames(statePath: string): void {
  const names = lstatSync(statePath, { throwIfNoEntry: false })?.nlink ?? 1;
  if (names <= 1) return;
  const message = `the state ${statePath} has ${names} names (hard links): reupload would not notice a process that uses another of these names`;
  throw new ReuploadError("state-locked", message, {
    advice: "Remove the other names, or make the state a separate file: cp STATE COPY && mv COPY STATE",
  });
}

/** SQLite would write through a link, and wait for ever for the other end of a pipe. */
function refuseOddCompanions(statePath: string): void {
  const odd = companionFiles(statePath).find((path) => !isFileOrNothing(path));
  if (odd === undefined) return;
  throw new ReuploadError("usage", `${odd} belongs to the state ${statePath}, but it is not a file`, {
    advice: "Move it away, or give another path with --state-db.",
  });
}

function isFileOrNothing(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}
