import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { openForReading, SQLITE, sqliteErrorCode } from "./database.ts";
import { logSize } from "./state-files.ts";

/**
 * Lets `read` have the state for a moment, in one transaction: what it sees is of one commit. A connection that stayed
 * open would keep the log from being cut back, and would miss that the file was replaced; one takes half a millisecond.
 */
export function reading<T>(path: string, read: (db: DatabaseSync) => T): T {
  try {
    return readOnce(path, read);
  } catch (error) {
    // Taken as immutable just when a writer began: from now on there is a log.
    if (sqliteErrorCode(error) === SQLITE.corrupt && logSize(path) > 0) return readOnce(path, read);
    throw error;
  }
}

function readOnce<T>(path: string, read: (db: DatabaseSync) => T): T {
  using db = openBeside(path);
  db.exec("BEGIN");
  return read(db);
}

/** Without a log nobody writes, and reading the file as immutable leaves no trace; else SQLite must see the log. */
export function openBeside(path: string): DatabaseSync {
  return logSize(path) > 0 ? openForReading(path) : openImmutable(path);
}

/** Reads the file as it stands: no lock, no log, and nothing appears beside it. */
export function openImmutable(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.search = "mode=ro&immutable=1";
  return new DatabaseSync(url, { readOnly: true });
}
