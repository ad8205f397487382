import { lstatSync } from "node:fs";
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
}

/**
 * Takes the lock of a state: an exclusive transaction that stays open on a second, empty SQLite file beside it
 * (`<state>.lock`), so that SQLite's own locking does the work on every system.
 *
 * The file is never removed: whoever opened it just before could lock the removed one while another locks its
 * successor, and inode numbers come back, so that nothing tells the two apart. One that lies about is no obstacle.
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
  createUnlessThere(path);
  const db = new DatabaseSync(path, { timeout: WAIT_MS });
  try {
    // In memory, or the transaction would put an empty journal file beside the lock.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    noteHolder(statePath, surroundings.wall());
    return {
      release() {
        forgetHolder(statePath);
        db.close();
      },
    };
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
