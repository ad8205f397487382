import { constants, statSync } from "node:fs";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { ReuploadError, systemErrorCode } from "../../core/errors.ts";
import type { SourcePrefix } from "../../core/source-prefix.ts";
import { checkTemplate, folderTemplate } from "../work-item-folder.ts";

/** A local folder and where work items lie in it. */
export interface SourceFolder {
  /** Absolute. */
  readonly path: string;
  readonly prefix: SourcePrefix;
  /** Kind and place, as the run's identity has it. */
  readonly identity: string;
}

/**
 * What `--source-dir` and `--source-prefix` say; the disk is not asked.
 *
 * @param path absolute
 * @throws ReuploadError `source-invalid`
 */
export function sourceFolder(path: string, prefix: SourcePrefix): SourceFolder {
  checkTemplate(prefix);
  const whole = resolve(path);
  return { path: whole, prefix, identity: `folder:${whole}/${folderTemplate(prefix)}` };
}

/** Looks whether the folder can be read. @throws ReuploadError `source-invalid` */
export async function checkFolder({ path }: SourceFolder): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw invalid(path, "is not there");
  if (!stats.isDirectory()) throw invalid(path, "is not a folder");
  try {
    await access(path, constants.R_OK | constants.X_OK);
  } catch (thrown) {
    throw invalid(path, `cannot be read (${systemErrorCode(thrown)})`);
  }
}

function invalid(path: string, why: string): ReuploadError {
  return new ReuploadError("source-invalid", `--source-dir ${path} ${why}.`);
}
