import { ReuploadError } from "../core/errors.ts";
import type { Moment } from "../core/file-filter.ts";
import type { RunSettings } from "./run-options.ts";

type FilterSettings = Pick<
  RunSettings,
  "newerThan" | "olderThan" | "largerThan" | "smallerThan" | "partition"
>;

/**
 * Refuses bounds that no file keeps, and a time before the run began where several machines begin, each at its own time.
 *
 * @throws ReuploadError `bad-option`
 */
export function checkFilter(settings: FilterSettings): void {
  const { newerThan, olderThan, largerThan, smallerThan, partition } = settings;
  if (isNever(newerThan, olderThan)) throw never("--newer-than", "--older-than", "modified");
  if (largerThan !== undefined && smallerThan !== undefined && largerThan >= smallerThan) {
    throw never("--larger-than", "--smaller-than", "so large");
  }
  if (partition === undefined) return;
  for (const [flag, moment] of [
    ["--newer-than", newerThan],
    ["--older-than", olderThan],
  ] as const) {
    if (moment?.kind !== "ago") continue;
    const message = `${flag} with a time before the run began cannot be used with --partition: each machine begins at another time.`;
    throw new ReuploadError("bad-option", message, {
      advice:
        "Give the same moment on every machine, such as 2026-11-01T08:00Z; `reupload plan` writes it into its commands.",
    });
  }
}

/** The moments of one run: two that count back from its begin can be compared, and two that do not. */
function isNever(after: Moment | undefined, until: Moment | undefined): boolean {
  if (after?.kind === "at" && until?.kind === "at") return after.at >= until.at;
  return after?.kind === "ago" && until?.kind === "ago" && after.ms <= until.ms;
}

function never(least: string, most: string, what: string): ReuploadError {
  return new ReuploadError("bad-option", `No file is ${what} as ${least} and ${most} together ask for.`, {
    advice: `The value of ${least} must lie before that of ${most}.`,
  });
}
