/**
 * What stands where a file is to be written. Every file that a command writes is opened through this room, so that it
 * never goes through a special file, through a link to nothing, or over what is not a file.
 */
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { ReuploadError, systemErrorCode } from "../core/errors.ts";

export type Place =
  /** `path` is as given. */
  | { readonly kind: "nothing"; readonly path: string }
  /** A regular file; links are followed in `path`. */
  | { readonly kind: "file"; readonly path: string; readonly stats: Stats }
  /** A named pipe or a character device such as `/dev/null`: what is written to it flows on. */
  | { readonly kind: "stream"; readonly path: string; readonly what: string }
  | { readonly kind: "other"; readonly path: string; readonly what: string };

/** Looks at a path and changes nothing. @throws what the file system says, such as EACCES */
export function lookAt(path: string): Place {
  const stats = statIfThere(path);
  if (stats === undefined) {
    const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    return isLink ? { kind: "other", path, what: "a link to nothing" } : { kind: "nothing", path };
  }
  if (stats.isFile()) return { kind: "file", path: realpathSync(path), stats };
  if (stats.isFIFO()) return { kind: "stream", path, what: "a named pipe" };
  if (stats.isCharacterDevice()) return { kind: "stream", path, what: "a device" };
  if (stats.isDirectory()) return { kind: "other", path, what: "a folder" };
  return { kind: "other", path, what: stats.isSocket() ? "a socket" : "a device" };
}

/** undefined when nothing is there, or links lead in a circle. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === "ELOOP") return undefined;
    throw error;
  }
}

/**
 * The path at which a regular file may be written: links to a file are followed.
 *
 * @throws ReuploadError `output-unwritable` when something else stands there
 */
export function filePlace(path: string): string {
  const place = lookAt(path);
  if (place.kind === "nothing" || place.kind === "file") return place.path;
  throw new ReuploadError("output-unwritable", `cannot write ${path}: it is ${place.what}`, {
    advice: "Give the path of a file, or a path where nothing exists yet.",
  });
}
