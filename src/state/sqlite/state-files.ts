/** The files that make up a state, as files. */
import { realpathSync, rmSync, statSync } from "node:fs";

/** Names the process that holds the lock. */
export const HOLDER_SUFFIX = ".holder";

/** A state that is not whole yet (see `makeState`). */
export const IMPORTING_SUFFIX = ".importing";

const SUFFIXES = ["-wal", "-shm", "-journal", ""];

/** Removes a state, its log too; the lock file stays (see `takeLock`). */
export function removeState(path: string): void {
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true });
}

/** Beside a state: its lock, who holds it, and names under which a new state is made. */
const BESIDE = [".lock", HOLDER_SUFFIX, ".new", IMPORTING_SUFFIX];

/** The paths of all the files that may belong to a state: itself, its logs, and what stands beside it. */
export function companionsOf(path: string): string[] {
  const real = realPathOf(path);
  return [...SUFFIXES, ...BESIDE].map((suffix) => real + suffix);
}

/** Its logs and its lock stand beside the file that a link leads to. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Bytes of the write-ahead log; it is gone or empty after a clean close. */
export function logSize(path: string): number {
  return sizeOf(`${path}-wal`);
}

/** 0 when there is no such file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
