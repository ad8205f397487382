/** Limits that hold for a whole run with free partitions: who gives another one at a start is refused. */
import type { RunSettings } from "../config/run-options.ts";
import { ReuploadError } from "../core/errors.ts";
import { StopRequest } from "../core/stop-request.ts";
import type { RunView } from "../machines/machines.ts";

/** The limits as the operator gave them, by their flags; `none` for those that are not given. */
export function limitRules(kept: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    "--max-requests": kept["maxRequests"] ?? "none",
    "--max-bandwidth": kept["maxBandwidth"] ?? "none",
    "--max-failures": kept["maxFailures"] ?? "none",
  };
}

/** Before so many files came to their end, a share says nothing. */
const SHARE_JUDGED_FROM = 100;

/**
 * Whether too much of the whole run failed, as far as its records tell: they are a checkpoint old.
 *
 * @returns why the run is to stop
 */
export function tooManyFailures(
  { partitions }: RunView,
  limit: RunSettings["maxFailures"],
): StopRequest | undefined {
  if (limit === undefined) return undefined;
  const records = partitions.flatMap(({ record }) => record ?? []);
  const sum = (count: (record: (typeof records)[number]) => number) =>
    records.reduce((all, record) => all + count(record), 0);
  const failed = sum(({ failures }) => Object.values(failures).reduce((all, count) => all + count, 0));
  const finished = failed + sum(({ counts }) => counts.filesCompleted + counts.filesSkipped);
  const isPassed =
    "files" in limit
      ? failed > limit.files
      : finished >= SHARE_JUDGED_FROM && failed * 100 > limit.percent * finished;
  if (!isPassed) return undefined;
  const share = `${failed} of the ${finished} files that came to an end on all machines`;
  const error = new ReuploadError("too-many-failures", `More failed than --max-failures allows: ${share}.`);
  return new StopRequest("too-many-failures", share, error.exitCode, error);
}
