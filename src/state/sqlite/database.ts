import { DatabaseSync } from "node:sqlite";
import { isDiskFull, errorMessageText, ReuploadError, systemErrorCode } from "../../core/errors.ts";

/** How long to wait for another connection, such as a reader in the middle of a checkpoint. */
const BUSY_TIMEOUT_MS = 5_000;

/** Opens a state for writing: write-ahead log, so that readers never wait; a commit costs no disk flush. */
export function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // NORMAL: flushed at checkpoints only. kill -9 loses nothing, a power cut perhaps the last commits.
    // The cache holds what is asked for in no order, as a CSV that is compared, and the log is cut back afterwards.
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -8192;
      PRAGMA journal_size_limit = 16777216;
    `);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Moves all that the log holds into the state itself and begins a new log, which is there from now on until the state
 * is closed: one that says that a process works on it, and has no log beside it, was copied without.
 */
export function beginLog(db: DatabaseSync): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  // Written as it stands: what counts is that something is written.
  db.exec(`PRAGMA wal_checkpoint(TRUNCATE); PRAGMA user_version = ${version}`);
}

/** Opens a new file that is thrown away unless it is made to the end: nothing is written twice, or flushed. */
export function openForLoading(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  // The cache is what the sort of the keys takes, too. The journal holds nothing but what a failed statement takes back.
  db.exec(`
    PRAGMA journal_mode = MEMORY;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -4096;
  `);
  return db;
}

/** Opens a state for reading beside its writer. */
export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
}

/** Runs `work` in one transaction: committed when it gives, rolled back when it throws. */
export async function inTransaction<T>(db: DatabaseSync, work: () => T | Promise<T>): Promise<T> {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = await work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

/** A full disk has SQLite roll back by itself; a second time is an error. */
export function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec("ROLLBACK");
}

/** SQLite's primary result codes that mean something to the user. */
export const SQLITE = {
  busy: 5,
  readOnly: 8,
  corrupt: 11,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The extended result code for a key that is there already. */
export const SQLITE_CONSTRAINT_UNIQUE = 2067;

/** SQLite's primary result code of anything thrown by node:sqlite. */
export function sqliteErrorCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") {
    return undefined;
  }
  return thrown.errcode & 0xff;
}

/** What the file system says when it is not SQLite that opens a file (the lock, a new state). */
const SYSTEM_CODES: Readonly<Record<string, number>> = {
  EACCES: SQLITE.cannotOpen,
  EPERM: SQLITE.cannotOpen,
  EROFS: SQLITE.readOnly,
};

/** What is thrown by node:sqlite and node:fs, as the error that the user is told. All else stays what it is. */
export function toStateError(thrown: unknown, path: string): unknown {
  if (thrown instanceof ReuploadError) return thrown;
  if (isDiskFull(thrown)) {
    return new ReuploadError("disk-full", `no space left for the state ${path}`, { cause: thrown });
  }
  switch (sqliteErrorCode(thrown) ?? SYSTEM_CODES[systemErrorCode(thrown) ?? ""]) {
    case undefined:
      return thrown;
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return new ReuploadError("state-corrupt", `the state ${path} is damaged: ${errorMessageText(thrown)}`, {
        cause: thrown,
      });
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return new ReuploadError("usage", `the state ${path} cannot be opened: ${errorMessageText(thrown)}`, {
        advice: "Check its permissions and those of its folder, or give another path with --state-db.",
        cause: thrown,
      });
    default:
      return new ReuploadError(
        "internal",
        `the state ${path} could not be used: ${errorMessageText(thrown)}`,
        {
          cause: thrown,
        },
      );
  }
}
