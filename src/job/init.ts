/** Makes the configuration file of a folder. */
import { existsSync } from "node:fs";
import { configText } from "../config/config-text.ts";
import type { RunOptionName } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { toWriteError, writeNewSync } from "../files/files.ts";

/** Everybody may read it: it holds no secret. */
const MODE = 0o644;

/** What a new folder still needs to be told before it can run. */
export type InitTexts = Readonly<Partial<Record<RunOptionName, string>>>;

/**
 * Writes the file.
 *
 * @param shown the path as it was given
 * @throws ReuploadError `usage` when there is one already, `output-unwritable`
 */
export function writeConfig(path: string, shown: string, texts: InitTexts): void {
  if (existsSync(path)) {
    throw new ReuploadError("usage", `The file ${shown} exists already.`, {
      advice: "Edit it, or give another name with --out.",
    });
  }
  try {
    writeNewSync(path, configText(texts), MODE);
  } catch (thrown) {
    throw toWriteError(thrown, shown);
  }
}
