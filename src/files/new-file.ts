/** Files that are made anew. What a killed process left under the name is removed first, a link never followed. */
import { closeSync, lstatSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ReuploadError, systemErrorCode } from "../core/errors.ts";

/** For its owner alone. */
const PRIVATE = 0o600;

/**
 * Opens a new, empty file for appending.
 *
 * @throws ReuploadError `output-unwritable` when a folder or a special file has the name; what the file system says
 */
export async function openNew(path: string, mode = PRIVATE): Promise<FileHandle> {
  removeLeftover(path);
  return open(path, "ax", mode);
}

/** The same, synchronously; gives the descriptor. */
export function openNewSync(path: string, mode = PRIVATE): number {
  removeLeftover(path);
  return openSync(path, "ax", mode);
}

/** Writes a new file as a whole. @throws as `openNew` */
export function writeNewSync(path: string, content: string | Uint8Array, mode = PRIVATE): void {
  const file = openNewSync(path, mode);
  try {
    writeFileSync(file, content);
  } finally {
    closeSync(file);
  }
}

/** Creates an empty file unless something has the name already, which is not even opened. */
export function createUnlessThere(path: string): void {
  try {
    closeSync(openSync(path, "wx", PRIVATE));
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

/** Removes a file or a link. @throws ReuploadError `output-unwritable` when it is something else */
export function removeLeftover(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile() && !stats.isSymbolicLink()) {
    throw new ReuploadError("output-unwritable", `cannot write ${path}: it is not a file`, {
      advice: "Move it away. reupload needs this name for a temporary file.",
    });
  }
  rmSync(path, { force: true });
}
