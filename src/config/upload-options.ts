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
  "nameTemplate",
  "onConflict",
  "onCollision",
  "announceExisting",
  "messageTtl",
  "concurrency",
  "fileWorkers",
  "maxBandwidth",
  "maxRequests",
  "maxQueueDepth",
  "maxFailures",
  "dryRun",
  "requestTimeout",
  "maxWait",
  "grace",
  ...OUTPUT_OPTION_NAMES,
] as const satisfies readonly RunOptionName[];

type UploadOptionName = (typeof UPLOAD_OPTION_NAMES)[number];

/** What an upload says otherwise about an option. */
export const UPLOAD_HELP: Partial<Record<UploadOptionName, string>> = {
  stateDb:
    "keep the state here (default: reupload_upload_*.db in this folder, taken up by the same command and removed once all is done)",
  resume: "with --state-db: continue what the state says is unfinished",
  concurrency:
    "files under way at once: so many, or auto: as many as are found to pay (unless --file-workers is given)",
  fileWorkers: "so many files under way at once, and no auto",
  dryRun: "list which file would become which blob, and touch nothing",
};
