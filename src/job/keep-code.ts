import { renameSync, rmSync } from "node:fs";
import { writeNewSync } from "../files/files.ts";

/**
 * Puts compiled code where the next start looks for it. A folder that cannot be written to is no error: the next start is
 * as slow as this one.
 */
export function keepCode(path: string, content: Uint8Array): void {
  // Other processes may do the same now.
  const made = `${path}.${process.pid}`;
  try {
    writeNewSync(made, content);
    renameSync(made, path);
  } catch {
    removeIfPossible(made);
  }
}

/** In a folder that cannot be entered it cannot even be seen that nothing is there. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What is left is the name of a process that has ended: no start reads it.
  }
}
