import { closeSync, renameSync, rmSync, writeSync } from "node:fs";
import { openNewSync } from "./new-file.ts";
import { filePlace } from "./place.ts";
import { toWriteError } from "./write-error.ts";

/** As the umask leaves it: other programs read it. */
const PUBLIC = 0o666;

/** What follows the path of a file while its next content is written. */
export const NEXT_ENDING = ".new";

/**
 * Puts a file with this content in place of the one that is there: a reader sees the one or the other as a whole. A link to
 * a file stays one. Not flushed: after a power cut it may be the one before, or empty.
 *
 * @throws ReuploadError `output-unwritable`, `disk-full`
 */
export function replaceFileSync(path: string, content: string): void {
  try {
    const place = filePlace(path);
    const next = place + NEXT_ENDING;
    const file = openNewSync(next, PUBLIC);
    try {
      writeSync(file, content);
    } catch (thrown) {
      rmSync(next, { force: true });
      throw thrown;
    } finally {
      closeSync(file);
    }
    renameSync(next, place);
  } catch (thrown) {
    throw toWriteError(thrown, path);
  }
}
