import { constants, statSync } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorMessageText, ReuploadError, systemErrorCode } from "../../core/errors.ts";
import { SQLITE, sqliteErrorCode } from "../sqlite/database.ts";
import { APPLICATION_ID } from "../sqlite/migrations/migrations.ts";
import { openImmutable } from "../sqlite/reading.ts";
import { fileSize } from "../sqlite/state-files.ts";

/** What SQLite leaves beside a database whose last writer was killed: it must be worked in before anything is read. */
const LEFTOVERS = ["-wal", "-journal"] as const;

/**
 * Opens a state of the original tool. When something is left to be worked in, that is done in a copy in the folder
 * `scratch`, one at a time.
 *
 * @throws ReuploadError as `CheckOriginalStates`, and `disk-full`
 */
export async function openOriginal(path: string, scratch: string): Promise<DatabaseSync> {
  const db = hasLeftovers(path) ? await openCopy(path, scratch) : openImmutable(path);
  try {
    checkKind(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @throws ReuploadError as `CheckOriginalStates` */
export function checkOriginal(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new ReuploadError("state-missing", `There is no state of the original tool at ${path}.`, {
      advice: "Check the path. Give the file that the original tool used as --state-db.",
    });
  }
  // Until its log is worked in, the file may look like anything.
  if (hasLeftovers(path)) return;
  try {
    using db = openImmutable(path);
    checkKind(db, path);
  } catch (error) {
    throw toOriginalError(error, path);
  }
}

/** Columns of a table, in lower case; empty when there is no such table. */
export function readColumns(db: DatabaseSync, table: "workitems" | "files"): ReadonlySet<string> {
  const columns = db.prepare("SELECT lower(name) AS name FROM pragma_table_info(?)").all(table);
  return new Set(columns.map(({ name }) => String(name)));
}

/** What SQLite and the file system say of this file, as the error that the user is told. All else stays what it is. */
export function toOriginalError(error: unknown, path: string): unknown {
  const code = sqliteErrorCode(error);
  if (code === SQLITE.notADatabase) return foreign(path, "it is not an SQLite database");
  if (code === SQLITE.corrupt) {
    return new ReuploadError("state-corrupt", `${path} is damaged: ${errorMessageText(error)}.`, {
      advice: `Repair it (sqlite3 OLD.db .recover | sqlite3 REPAIRED.db), or omit it. The run recognises blobs that are already in the target and does not overwrite them.`,
      cause: error,
    });
  }
  const isClosed = code === SQLITE.cannotOpen || ["EACCES", "EPERM"].includes(systemErrorCode(error) ?? "");
  return isClosed ? unreadable(path, error) : error;
}

const NEEDED = ["workitem_id", "filename", "status"] as const;

/** @throws ReuploadError `state-foreign` when it has no completed files to tell of */
function checkKind(db: DatabaseSync, path: string): void {
  if (db.prepare("PRAGMA application_id").get()?.["application_id"] === APPLICATION_ID) {
    throw new ReuploadError(
      "state-foreign",
      `${path} is a state of this reupload: there is nothing to import.`,
      {
        advice: `Continue it: reupload run --resume --state-db ${path}`,
      },
    );
  }
  const columns = readColumns(db, "files");
  const missing = NEEDED.filter((name) => !columns.has(name));
  if (columns.size === 0) throw foreign(path, "it has no table files");
  if (missing.length > 0) throw foreign(path, `its table files has no ${missing.join(", ")}`);
}

function foreign(path: string, why: string): ReuploadError {
  return new ReuploadError("state-foreign", `${path} is not a state of the original tool: ${why}.`, {
    advice: "Give the file that reupload_failed_workitems.py was given with --state-db.",
  });
}

function unreadable(path: string, cause: unknown): ReuploadError {
  return new ReuploadError("usage", `${path} cannot be opened: ${errorMessageText(cause)}.`, {
    advice: "Check its permissions.",
    cause,
  });
}

function hasLeftovers(path: string): boolean {
  return LEFTOVERS.some((suffix) => fileSize(path + suffix) > 0);
}

async function openCopy(path: string, scratch: string): Promise<DatabaseSync> {
  const copy = join(scratch, "copy.db");
  for (const suffix of ["", ...LEFTOVERS]) {
    if (suffix !== "" && fileSize(path + suffix) === 0) continue;
    await copyFile(path + suffix, copy + suffix, constants.COPYFILE_FICLONE);
    await chmod(copy + suffix, 0o600);
  }
  return new DatabaseSync(copy);
}
