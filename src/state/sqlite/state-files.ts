/** The files that make up a state, as files. */
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { systemCodeOf } from "../../core/errors.ts";

/** Creates an empty file that only its owner may read; one that is there is not even opened (closing it would drop SQLite's locks). */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
}

const SUFFIXES = ["-wal", "-shm", "-journal", ""];

/** Removes a state, its log too; the lock file stays (see `takeLock`). */
export function removeState(path: string): void {
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true });
}

/** The paths of all the files that a state may consist of: itself, its logs and its lock file. */
export function companionsOf(path: string): string[] {
  return [...SUFFIXES, ".lock"].map((suffix) => path + suffix);
}

/** Bytes of the write-ahead log; it is gone or empty after a clean close. */
export function logSize(path: string): number {
  return sizeOf(`${path}-wal`);
}

/** 0 when there is no such file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
