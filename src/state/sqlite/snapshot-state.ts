import { renameSync } from "node:fs";
import { resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { isDiskFull, errorMessageText, ReuploadError, systemErrorCode } from "../../core/errors.ts";
import { createUnlessThere, lookAt, removeLeftover } from "../../files/files.ts";
import { sqliteErrorCode, toStateError } from "./database.ts";
import { inspectState, stateMissing } from "./inspect.ts";
import { isLocked } from "./lock.ts";
import { findOwner, worksHere } from "./owner.ts";
import { statePath } from "./place.ts";
import { openBeside } from "./reading.ts";
import { removeState } from "./state-files.ts";
import { SQL } from "./statements.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** All pages in one step: between two steps a writer would have the copy begin anew. */
const ALL_PAGES = 0x7fff_ffff;

/** As `StateKind.snapshot`. The copy is made under another name and put in place whole. */
export async function snapshotState(
  surroundings: Surroundings,
  given: string,
  target: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const path = statePath(given);
  if ((await inspectState(surroundings, path)) === undefined) throw stateMissing(path);
  signal.throwIfAborted();
  const place = resolve(target);
  const there = lookAt(place);
  if (there.kind === "file") throw unwritable(place, "the file already exists");
  if (there.kind !== "nothing") throw unwritable(place, `it is ${there.what}`);
  const made = `${place}.new`;
  try {
    removeLeftover(made);
    removeState(made);
    createUnlessThere(made);
    await copy(surroundings, path, made);
    signal.throwIfAborted();
    renameSync(made, place);
  } catch (error) {
    removeState(made);
    throw signal.aborted ? error : toTargetError(error, path, place);
  }
}

async function copy(surroundings: Surroundings, path: string, made: string): Promise<void> {
  {
    using source = openBeside(path);
    await backup(source, made, { rate: ALL_PAGES });
  }
  using db = new DatabaseSync(made);
  const owner = findOwner(db);
  const now = surroundings.wall();
  // Nobody runs on the copy: it would look as if it had been killed.
  if (!isLocked(path) && (owner === undefined || !worksHere(owner, now))) return;
  db.prepare(SQL.endOwner).run(now, null, null);
}

/** What is thrown while the copy is made: SQLite speaks of either file, the file system of the copy. */
function toTargetError(thrown: unknown, path: string, place: string): unknown {
  if (isDiskFull(thrown)) {
    return new ReuploadError("disk-full", `no space left for the copy ${place}`, { cause: thrown });
  }
  if (sqliteErrorCode(thrown) === undefined && systemErrorCode(thrown) !== undefined) {
    return unwritable(place, errorMessageText(thrown), thrown);
  }
  return toStateError(thrown, path);
}

function unwritable(place: string, why: string, cause?: unknown): ReuploadError {
  return new ReuploadError("output-unwritable", `cannot write ${place}: ${why}`, { cause });
}
