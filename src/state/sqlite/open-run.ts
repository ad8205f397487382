import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { checkIdentity, type RunDescription, type RunRecord, type RunStart } from "../run-record.ts";
import type { InputReader, OpenControl, OpenOptions, OpenState } from "../state-kind.ts";
import { beginLog, openForWriting, toStateError } from "./database.ts";
import { describeHolder } from "./holder.ts";
import { inspectState, readRun, readStarts } from "./inspect.ts";
import { createState } from "./load-run.ts";
import { type StateLock, takeLock } from "./lock.ts";
import { migrate } from "./migrations/migrations.ts";
import { findOwner, takeOwnership } from "./owner.ts";
import { refuseNetworkDisk, statePath } from "./place.ts";
import { resumeRun } from "./resume-run.ts";
import { IMPORTING_SUFFIX, removeState, fileSize } from "./state-files.ts";
import { SqliteState } from "./sqlite-state.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** As `StateKind.open`. */
export async function openRun(
  surroundings: Surroundings,
  options: OpenOptions,
  description: RunDescription,
  input: InputReader | undefined,
  control: OpenControl,
): Promise<OpenState> {
  const { signal } = control;
  const path = statePath(options.location);
  await refuseNetworkDisk(path);
  // Before anything is written, the lock file included: a file that is not ours is left as it is.
  const found = await inspectState(surroundings, path);
  if (found) refuseUnlessResumed(found.run, options, path);
  const lock = lockState(surroundings, path);
  let isNew = false;
  try {
    // The run as it stands now decides, not as it stood when it was looked at.
    isNew = (await inspectState(surroundings, path)) === undefined;
    if (isNew) refuseCutShort(path);
    if (isNew) await createState(surroundings, path, description, requireInput(input, path), control);
    const db = openForWriting(path);
    try {
      const run = isNew
        ? begin(surroundings, db, path)
        : await resume(surroundings, db, { path, options, description, input, signal });
      // The log of a CSV that was compared is large; from here on it stays small.
      beginLog(db);
      return new SqliteState(surroundings, db, run, thisStart(surroundings, db, path), {
        path,
        only: options.only,
        releaseLock: () => lock.release(),
      });
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    // No state stays behind of a run that did not begin.
    if (isNew) removeState(path);
    if (isNew) lock.remove();
    else lock.release();
    throw toStateError(error, path);
  }
}

/** @throws ReuploadError `usage` */
function requireInput(input: InputReader | undefined, path: string): InputReader {
  if (input !== undefined) return input;
  throw new ReuploadError(
    "usage",
    `the state ${path} contains no run yet, and no CSV is given to start one`,
    {
      advice: "Give the CSV with --csv.",
    },
  );
}

/** The start that has just begun. */
function thisStart(surroundings: Surroundings, db: DatabaseSync, path: string): RunStart {
  return { number: readStarts(db, path), startedAt: findOwner(db)?.started_at ?? surroundings.wall() };
}

/** The first start of a run whose CSV was just loaded. */
function begin(surroundings: Surroundings, db: DatabaseSync, path: string): RunRecord {
  takeOwnership(surroundings, db);
  return readRun(db, path) as RunRecord;
}

interface Resumption {
  readonly path: string;
  readonly options: OpenOptions;
  readonly description: RunDescription;
  readonly input: InputReader | undefined;
  readonly signal: AbortSignal;
}

async function resume(
  surroundings: Surroundings,
  db: DatabaseSync,
  { path, options, description, input, signal }: Resumption,
): Promise<RunRecord> {
  const run = readRun(db, path) as RunRecord;
  refuseUnlessResumed(run, options, path);
  checkIdentity(run, description);
  migrate(db, Number(db.prepare("PRAGMA user_version").get()?.["user_version"]));
  const ownership = takeOwnership(surroundings, db);
  try {
    // Who holds the lock is alone: no other start of this state goes on.
    const resumption = { ...options, settings: description.settings, living: [] };
    return await resumeRun(db, run, input, resumption, signal);
  } catch (error) {
    try {
      ownership.undo();
    } catch {
      // A full disk: the row only names who was here, and what went wrong is told by the first error.
    }
    throw error;
  }
}

function refuseUnlessResumed(run: RunRecord, options: OpenOptions, path: string): void {
  if (options.resume) return;
  throw new ReuploadError(
    "state-exists",
    `the state ${path} already contains a run, started ${new Date(run.createdAt).toISOString()}`,
    options.resumeAdvice === undefined ? {} : { advice: options.resumeAdvice },
  );
}

/**
 * For those who would begin a run at this path: it would know nothing of what was to be taken over.
 *
 * @throws ReuploadError `state-exists` when a making there was cut short
 */
function refuseCutShort(place: string): void {
  const path = place + IMPORTING_SUFFIX;
  if (fileSize(path) === 0) return;
  throw new ReuploadError("state-exists", `an import into ${place} was interrupted and left ${path}`, {
    advice: "Run the same import-state again. To start without the old states, remove that file first.",
  });
}

/** @throws ReuploadError `state-locked` */
export function lockState(surroundings: Surroundings, path: string): StateLock {
  let lock;
  try {
    lock = takeLock(surroundings, path);
  } catch (error) {
    throw toStateError(error, `${path}.lock`);
  }
  if (lock) return lock;
  throw new ReuploadError("state-locked", `the state ${path} is in use by ${describeHolder(path)}`);
}
