/** Where a command writes what it read from states: never over one of them, never twice to one place. */
import { ReuploadError } from "../core/errors.ts";
import { refuseOverlap } from "../files/overlap.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { absolutePath, type Place } from "./states.ts";

export interface NamedOutput {
  /** Such as `--out`. */
  readonly option: string;
  /** A path, or `-` for stdout. */
  readonly out: string;
}

/**
 * Looks at the places of all outputs before the first is written.
 *
 * @param states that are read, as they were given
 * @returns what may follow the path of a state in the names of files that belong to it
 * @throws ReuploadError `usage`
 */
export function checkOutputs(
  outputs: readonly NamedOutput[],
  states: readonly string[],
  place: Place,
): readonly string[] {
  const written = outputs.filter(({ out }) => out !== "-");
  if (outputs.length - written.length > 1) {
    throw new ReuploadError("usage", "Only one output can go to stdout.", {
      advice: "Give a file for the others.",
    });
  }
  const read = states.flatMap((path) => STATES.files(absolutePath(path, place)));
  refuseOverlap([
    { option: "--state-db", paths: read, use: "read" },
    ...written.map(
      ({ option, out }) => ({ option, paths: [absolutePath(out, place)], use: "written" }) as const,
    ),
  ]);
  return STATE_COMPANION_ENDINGS;
}
