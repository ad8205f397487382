/** A result never takes the place of what it is made from. */
import { type BigIntStats, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ReuploadError } from "../core/errors.ts";
import { STATES } from "../state/wiring.ts";

/** A result is made under this name before it takes its place, so that one must be free as well. */
const BESIDE = [".tmp", ".new"];

/**
 * Compares files, not names: a link, or a second name of a file, is the file.
 *
 * @param flag what gave `out`, for the message
 * @param out absolute
 * @param inputs absolute; of a state its log and lock file count as well
 * @throws ReuploadError `usage` when the result would replace one of them
 */
export function refuseOwnInput(
  flag: string,
  out: string,
  inputs: { readonly states: readonly string[]; readonly files: readonly string[] },
): void {
  const read = new Map<string, string>();
  for (const path of inputs.files) read.set(placeOf(path), path);
  for (const state of inputs.states) for (const path of STATES.files(state)) read.set(placeOf(path), path);
  for (const place of [out, ...BESIDE.map((ending) => out + ending)]) {
    const input = isReplaceable(place) ? read.get(placeOf(place)) : undefined;
    if (input === undefined) continue;
    throw new ReuploadError("usage", `${flag} ${out} would replace ${input}, which is read for it.`, {
      advice: `Give another path with ${flag}.`,
    });
  }
}

/** The file that is there; where none is, the path without links. */
function placeOf(path: string): string {
  const stats = statOf(path);
  if (stats !== undefined) return `${stats.dev}:${stats.ino}`;
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}

/** A pipe or `/dev/null` stays what it is. */
function isReplaceable(path: string): boolean {
  return statOf(path)?.isFile() ?? true;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
