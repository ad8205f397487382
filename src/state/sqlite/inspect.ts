import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { errorMessageText, ReuploadError } from "../../core/errors.ts";
import type { RunIdentity } from "../../core/run-identity.ts";
import type { InputCounts, RunRecord } from "../run-record.ts";
import type { FoundState } from "../state-kind.ts";
import { SQLITE, sqliteErrorCode, toStateError } from "./database.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./migrations/migrations.ts";
import { statePath } from "./place.ts";
import { openImmutable, reading } from "./reading.ts";
import { logSize, fileSize } from "./state-files.ts";
import { firstRow, SQL } from "./statements.ts";
import { sleep, type Surroundings } from "../../surroundings/surroundings.ts";

/** Up to this size a whole check is quick enough to be made each time. */
const CHECKED_BYTES = 16 * 1024 * 1024;

const ATTEMPTS = 5;
const ATTEMPT_DELAY_MS = 20;
const NEVER = new AbortController().signal;

const SMALLEST_PAGE = 512;
const NOT_SQLITE = "not an SQLite database";

/** SQLite's generic code; it is what preparing a statement gives when its table or column is missing. */
const NO_SUCH_TABLE = 1;

/** As `StateKind.inspect`. */
export async function inspectState(
  surroundings: Surroundings,
  given: string,
): Promise<FoundState | undefined> {
  const path = statePath(given);
  for (let attempt = 1; ; attempt++) {
    try {
      return inspectFile(path);
    } catch (error) {
      // The header is read past the writer's locks: a checkpoint can be seen half done. Damage stays.
      const passing = sqliteErrorCode(error) === SQLITE.corrupt && logSize(path) > 0 && attempt < ATTEMPTS;
      if (!passing) throw toStateError(error, path);
      await sleep(surroundings, ATTEMPT_DELAY_MS, NEVER);
    }
  }
}

function inspectFile(path: string): FoundState | undefined {
  if (fileSize(path) === 0) return undefined;
  refuseForeign(path);
  return reading(path, (db) => inspectRun(db, path));
}

/** What is not a state of ours is told by its header and, when it is SQLite, by its tables. */
function refuseForeign(path: string): void {
  const db = openImmutable(path);
  try {
    if (pragma(db, "application_id") === APPLICATION_ID) return;
    const tables = db
      .prepare(
        `SELECT count(*) AS found FROM sqlite_schema WHERE type = 'table' AND name IN ('workitems', 'files')`,
      )
      .get();
    if (tables?.["found"] === 2) {
      throw new ReuploadError(
        "state-original-tool",
        `${path} was written by the original reupload_failed_workitems.py`,
      );
    }
    // SQLite takes less than a page for an empty database.
    const isDatabase = fileSize(path) >= SMALLEST_PAGE;
    throw foreign(path, isDatabase ? "an SQLite database of another program" : NOT_SQLITE);
  } catch (error) {
    if (sqliteErrorCode(error) === SQLITE.notADatabase) throw foreign(path, NOT_SQLITE);
    throw error;
  } finally {
    db.close();
  }
}

function foreign(path: string, what: string): ReuploadError {
  return new ReuploadError("state-foreign", `${path} is not a state of reupload: it is ${what}`);
}

function inspectRun(db: DatabaseSync, path: string): FoundState | undefined {
  const version = pragma(db, "user_version");
  if (version > SCHEMA_VERSION) {
    throw new ReuploadError(
      "state-newer",
      `the state ${path} has schema version ${version}, but this version of reupload knows only versions up to ${SCHEMA_VERSION}`,
    );
  }
  if (fileSize(path) <= CHECKED_BYTES) checkWhole(db, path);
  const run = readRun(db, path);
  return run && { run, version };
}

function checkWhole(db: DatabaseSync, path: string): void {
  const finding = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (finding !== "ok") {
    throw new ReuploadError("state-corrupt", `the state ${path} is damaged: ${String(finding)}`);
  }
}

/** For those who need a run to be there. */
export function stateMissing(path: string): ReuploadError {
  const message =
    fileSize(path) > 0
      ? `the state ${path} contains no run yet: its CSV was not loaded`
      : existsSync(path)
        ? `the file ${path} is empty: it contains no state`
        : `the state ${path} does not exist`;
  return new ReuploadError("state-missing", message);
}

interface RunRow {
  readonly id: string;
  readonly identity: string;
  readonly settings: string;
  readonly input_counts: string;
  readonly created_at: number;
  readonly starts: number;
}

/**
 * The run that a state holds, or undefined when its CSV was never loaded to the end.
 *
 * @throws ReuploadError `state-corrupt` when the tables of a state are not there
 */
export function readRun(db: DatabaseSync, path: string): RunRecord | undefined {
  return readRow(db, path)?.run;
}

/** How often the run was started on this state. @throws as `readRun` */
export function readStarts(db: DatabaseSync, path: string): number {
  return readRow(db, path)?.starts ?? 0;
}

function readRow(
  db: DatabaseSync,
  path: string,
): { readonly run: RunRecord; readonly starts: number } | undefined {
  try {
    const row = firstRow<RunRow>(db.prepare(SQL.findRun));
    return row && { run: toRunRecord(row), starts: row.starts };
  } catch (error) {
    const damaged = sqliteErrorCode(error) === NO_SUCH_TABLE || error instanceof SyntaxError;
    if (!damaged) throw error;
    throw new ReuploadError("state-corrupt", `the state ${path} is damaged: ${errorMessageText(error)}`, {
      cause: error,
    });
  }
}

function toRunRecord(row: RunRow): RunRecord {
  return {
    runId: row.id,
    identity: JSON.parse(row.identity) as RunIdentity,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    input: JSON.parse(row.input_counts) as InputCounts,
    createdAt: row.created_at,
  };
}

function pragma(db: DatabaseSync, name: "application_id" | "user_version"): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
