import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { systemCodeOf } from "../../core/errors.ts";
import { SQLITE, sqliteCodeOf } from "./database.ts";

/** Held until released, or until the process ends however it ends: the operating system drops it then. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock of a state: an exclusive transaction that stays open on a second, empty SQLite file beside it
 * (`<state>.lock`), so that SQLite's own locking does the work on every system. A lock file without a process behind
 * it is no obstacle.
 *
 * @returns undefined when another process (or this one) holds it
 */
export function takeLock(statePath: string): StateLock | undefined {
  const path = `${statePath}.lock`;
  for (;;) {
    createPrivateFile(path);
    const before = identityOf(path);
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      // In memory, or the transaction would put an empty journal file beside the lock.
      db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    } catch (error) {
      db.close();
      if (sqliteCodeOf(error) === SQLITE.busy) return undefined;
      throw error;
    }
    // The one before us removes the file when it ends. What we locked may be that removed file, and then another
    // process can lock a new one: only the file that stands at the path counts.
    if (before !== undefined && before === identityOf(path)) return { release: () => release(db, path) };
    db.close();
  }
}

/** Removed while it is still locked: see `takeLock`. Windows removes no open file: it is left there, which is harmless. */
function release(db: DatabaseSync, path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Left behind.
  }
  db.close();
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Creates an empty file that only its owner may read; one that is there is not even opened (closing it would drop SQLite's locks). */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
}
