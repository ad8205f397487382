/** Which of the catalog's files are taken. */
import { byteSize, moment, patterns } from "./filter-values.ts";
import { option, type OptionSpec } from "./option-spec.ts";

const FILTER = "Which files:";

/** By name; the order is that of the help. */
export const FILTER_OPTIONS = {
  include: option(
    FILTER,
    "--include <pattern>",
    patterns,
    undefined,
    "take only files whose name matches: *.json, or with a slash the path in the work item: logs/**; may be repeated",
    "same",
  ),
  exclude: option(
    FILTER,
    "--exclude <pattern>",
    patterns,
    undefined,
    "leave out files whose name matches, also those of --include; may be repeated",
    "same",
  ),
  newerThan: option(
    FILTER,
    "--newer-than <moment>",
    moment,
    undefined,
    "take only files modified after this moment: 2026-11-01, 2026-11-01T08:00Z, or 7d before the run began (container and folder)",
    "same",
  ),
  olderThan: option(
    FILTER,
    "--older-than <moment>",
    moment,
    undefined,
    "take only files modified at this moment or before (container and folder)",
    "same",
  ),
  largerThan: option(
    FILTER,
    "--larger-than <size>",
    byteSize,
    undefined,
    "take only files of more bytes than this: 500B, 10MB, 1GiB (container and folder)",
    "same",
  ),
  smallerThan: option(
    FILTER,
    "--smaller-than <size>",
    byteSize,
    undefined,
    "take only files of so many bytes or fewer (container and folder)",
    "same",
  ),
} as const satisfies Record<string, OptionSpec>;
