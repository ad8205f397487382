import { OUTPUT_OPTION_NAMES } from "./output-options.ts";
import type { RunOptionName } from "./run-options.ts";

/** Those of a run's options that an upload has, too: what it has no work items or catalog for is left out. */
export const UPLOAD_OPTION_NAMES = [
  "stateDb",
  "resume",
  "retryFailed",
  "target",
  "targetContainer",
  "queue",
  "announce",
  "auth",
  "tenant",
  "createMissing",
  "emulator",
  "contentType",
  "metadata",
  "tier",
  "tags",
  "cacheControl",
  "nameTemplate",
  "onConflict",
  "onCollision",
  "announceExisting",
  "messageTtl",
  "concurrency",
  "fileWorkers",
  "threads",
  "maxBandwidth",
  "maxRequests",
  "maxQueueDepth",
  "maxFailures",
  "dryRun",
  "requestTimeout",
  "maxWait",
  "grace",
  "maxDuration",
  "metricsFile",
  "notify",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

type UploadOptionName = (typeof UPLOAD_OPTION_NAMES)[number];

/** What an upload says otherwise about an option. */
export const UPLOAD_HELP: Partial<Record<UploadOptionName, string>> = {
  stateDb:
    "state file (default: reupload_upload_*.db in this folder; the same command continues it and removes it when all is done)",
  resume: "with --state-db: continue the unfinished work of the state",
  concurrency:
    "number of files in flight at once; auto finds the best number (--file-workers turns auto off)",
  fileWorkers: "number of files in flight at once; turns --concurrency auto off",
  dryRun: "list which file would become which blob, and change nothing",
};
