import type { Lookup } from "../catalog/catalog.ts";
import { type CatalogFile, fileKey } from "../core/file.ts";
import type { KnownFile } from "../state/work-queue.ts";

/** The files of a lookup that are the run's. */
export interface ChosenFiles {
  readonly files: readonly CatalogFile[];
  /** Different files that the filter leaves out. */
  readonly leftOut: number;
}

/**
 * The files that the filter takes, and those that the run has begun with before: a file stays in the run when its time
 * or size changes later, or it would be lost half way, and a file that is in the target would look vanished.
 */
export function chooseRunFiles(
  { files, leftOut = [] }: Pick<Lookup, "files" | "leftOut">,
  knownFiles: ReadonlyMap<string, KnownFile>,
): ChosenFiles {
  if (leftOut.length === 0) return { files, leftOut: 0 };
  const keys = new Set(leftOut.map((file) => fileKey(file)));
  const ours = leftOut.filter((file) => knownFiles.has(fileKey(file)));
  for (const file of ours) keys.delete(fileKey(file));
  return { files: ours.length === 0 ? files : [...files, ...ours], leftOut: keys.size };
}
