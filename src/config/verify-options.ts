import { INPUT_OPTIONS } from "./input-options.ts";
import { OUTPUT_OPTION_NAMES } from "./output-options.ts";
import type { RunOptionName } from "./run-options.ts";

/** Those of a run's options that a verification has, too: what names the same files and the same target. */
export const VERIFY_OPTION_NAMES = [
  "csv",
  "files",
  "catalog",
  "kustoCluster",
  "kustoDatabase",
  "kustoQuery",
  "fileSuffix",
  "kustoQueries",
  "sourceContainer",
  "sourceDir",
  "sourcePrefix",
  "include",
  "exclude",
  "newerThan",
  "olderThan",
  "largerThan",
  "smallerThan",
  "target",
  "targetContainer",
  "queue",
  "announce",
  "auth",
  "tenant",
  "emulator",
  "contentType",
  "metadata",
  "tier",
  "tags",
  "cacheControl",
  "nameTemplate",
  "onCollision",
  "onConflict",
  "transfer",
  "coordinationContainer",
  "coordination",
  "concurrency",
  "maxBandwidth",
  "maxRequests",
  "requestTimeout",
  "maxWait",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

type VerifyOptionName = (typeof VERIFY_OPTION_NAMES)[number];

/** What a verification says otherwise about an option. */
export const VERIFY_HELP: Partial<Record<VerifyOptionName, string>> = {
  csv: "CSV of the run: JobId,WorkItemId[,WorkItemName]; it is read twice, so it must be a file",
  queue: "with --repair: queue that is told of the files sent (default: as the run had it)",
  announce: "with --repair: send no announcements",
  contentType: "content type that the blobs must have; source: that of their source (compared by --deep)",
  metadata:
    "metadata that the blobs must have: source (their source's, compared by --deep), none, or name=value,name=value",
  tier: "access tier that the blobs must have: account (any), source (their source's, compared by --deep), hot, cool, cold or archive",
  tags: "index tags that the blobs must have: none (any), or name=value,name=value; needs the right to read tags",
  cacheControl:
    "cache control that the blobs must have: source (their source's, compared by --deep), or the text of the header",
  onConflict: "with --repair: overwrite also sends different files (default: they are only listed)",
  coordinationContainer: `container of the target account with the record of the run (default: ${INPUT_OPTIONS.coordinationContainer.default})`,
  coordination: "do not read the record of the run in the target account",
  concurrency: "requests at once; auto stands for 64",
  emulator: "verify what run --emulator put into the emulator whose data lies beside the state",
};
