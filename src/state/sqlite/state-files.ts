/** The files that make up a state, as files. */
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";

/** Names the process that holds the lock. */
export const HOLDER_SUFFIX = ".holder";

/** The requests of operators (see `operator-requests.ts`). */
export const CONTROL_SUFFIX = ".control";

/** A state that is not whole yet (see `makeState`). */
export const IMPORTING_SUFFIX = ".importing";

const LOGS = ["-wal", "-shm", "-journal"];

/** Removes a state, its log too; not the lock file, see `takeLock`. */
export function removeState(path: string): void {
  for (const suffix of [...LOGS, ""]) rmSync(path + suffix, { force: true });
}

/** Flushes a state that was made under another name, and gives it its own: it is there as a whole, or not at all. */
export function putInPlace(made: string, path: string): void {
  flush(made);
  moveInPlace(made, path);
}

/** Flushes a state that was made under another name. */
export function flush(made: string): void {
  const file = openSync(made, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Gives a state that was made under another name, and flushed, its own. */
export function moveInPlace(made: string, path: string): void {
  // The log of a state that was deleted by hand would be replayed into the new one.
  removeState(path);
  renameSync(made, path);
}

/** What follows the path of a state in the names of the files that belong to it: its logs, and what stands beside it. */
export const COMPANION_ENDINGS = [...LOGS, ".lock", HOLDER_SUFFIX, CONTROL_SUFFIX, ".new", IMPORTING_SUFFIX];

/** The paths of all the files that may belong to a state: itself, its logs, and what stands beside it. */
export function companionFiles(path: string): string[] {
  const real = realPath(path);
  return ["", ...COMPANION_ENDINGS].map((ending) => real + ending);
}

/** Its logs and its lock stand beside the file that a link leads to. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Bytes of the write-ahead log; it is gone or empty after a clean close. */
export function logSize(path: string): number {
  return fileSize(`${path}-wal`);
}

/** 0 when there is no such file. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
