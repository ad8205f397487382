/** No file that a command writes is one that it reads, or another one that it writes, whatever the names are. */
import { type BigIntStats, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ReuploadError } from "../core/errors.ts";

/** Files that one option brings with it. */
export interface UsedFiles {
  /** Such as `--csv`. */
  readonly option: string;
  /** Absolute. Files of one option may be the same. */
  readonly paths: readonly string[];
  readonly use: "read" | "written";
}

/**
 * Compares files, not names: a link, or a second name of a file, is the file. A pipe or `/dev/null` may be both.
 *
 * @throws ReuploadError `usage` when a file would be written that another option reads or writes
 */
export function refuseOverlap(files: readonly UsedFiles[]): void {
  const known = new Map<string, { readonly path: string; readonly by: UsedFiles }>();
  // Files that are read, first: they are what a file that is written is told to be.
  const inOrder = files.toSorted((a, b) => Number(a.use === "written") - Number(b.use === "written"));
  for (const by of inOrder) {
    for (const path of by.paths.filter((one) => isFile(one))) {
      const place = fileIdentity(path);
      const other = known.get(place);
      if (other === undefined) known.set(place, { path, by });
      else if (by.use === "written" && other.by.option !== by.option) throw overlap(path, by, other);
    }
  }
}

function overlap(
  path: string,
  { option }: UsedFiles,
  other: { readonly path: string; readonly by: UsedFiles },
): ReuploadError {
  const does = other.by.use === "read" ? "reads" : "writes";
  const message = `${option} would write over ${path}, which ${other.by.option} ${does}${
    other.path === path ? "" : ` as ${other.path}`
  }.`;
  return new ReuploadError("usage", message, { advice: `Give another path with ${option}.` });
}

/** The file that is there; where none is, the path without links. */
export function fileIdentity(path: string): string {
  const stats = statIfThere(path);
  if (stats !== undefined) return `${stats.dev}:${stats.ino}`;
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}

/** A file or a folder, or nothing yet. */
function isFile(path: string): boolean {
  const stats = statIfThere(path);
  return stats === undefined || stats.isFile() || stats.isDirectory();
}

function statIfThere(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
