import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { lookAt } from "./place.ts";

/**
 * Opens a pipe or a device such as `/dev/null` for what flows on; nothing is made or cut short. For a pipe it waits until
 * somebody reads.
 *
 * @throws what the file system says; an error when something else stands there
 */
export async function openStream(path: string): Promise<FileHandle> {
  if (lookAt(path).kind !== "stream") throw new Error("it is no longer a pipe or a device");
  return open(path, constants.O_WRONLY);
}
