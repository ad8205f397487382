import { EXIT, type ExitCode } from "./exit-codes.ts";
import { redact } from "./secret.ts";

/**
 * Every error that ends a command, by its stable code: the exit code it gives and what the user can do.
 * `advice` is the default; the place that throws may give better, more specific advice.
 * `docs/errors.md` lists the same codes; a test holds both equal.
 */
export const ERRORS = {
  usage: { exitCode: EXIT.usage, advice: "See `reupload --help`." },
  "bad-option": { exitCode: EXIT.usage, advice: "Correct the value and run the command again." },
  "node-flag": {
    exitCode: EXIT.usage,
    advice: "Run it without that flag of Node.js. The flag may stand in NODE_OPTIONS.",
  },
  "bad-config": { exitCode: EXIT.usage, advice: "Correct the configuration file." },
  "csv-unreadable": { exitCode: EXIT.usage, advice: "Check the path given with --csv." },
  "csv-invalid": {
    exitCode: EXIT.usage,
    advice: "Give a CSV whose first line names JobId and WorkItemId (WorkItemName is optional).",
  },
  "output-unwritable": { exitCode: EXIT.usage, advice: "Check the folder and its permissions." },
  "listing-unreadable": { exitCode: EXIT.usage, advice: "Check the path given with --files." },
  "listing-invalid": {
    exitCode: EXIT.usage,
    advice:
      "Give a CSV or NDJSON file with JobId, WorkItemId, WorkItemName, Uri, FileName and optionally Length, ContentMD5.",
  },
  "kusto-invalid": {
    exitCode: EXIT.usage,
    advice: "Check --kusto-cluster, --kusto-database and the query. Try the query in Azure Data Explorer.",
  },
  "source-invalid": {
    exitCode: EXIT.usage,
    advice: "Check --source-container or --source-dir, and --source-prefix.",
  },
  "target-invalid": {
    exitCode: EXIT.usage,
    advice: "Give the account as https://ACCOUNT.blob.core.windows.net, without a SAS in it.",
  },
  "target-missing": {
    exitCode: EXIT.usage,
    advice: "Create it first, or give --create-missing.",
  },
  "emulator-missing": {
    exitCode: EXIT.usage,
    advice: "Install the storage emulator next to reupload: npm install azurite",
  },
  "emulator-failed": {
    exitCode: EXIT.unavailable,
    advice: "Start it yourself to see the reason: npx azurite --version",
  },
  "state-exists": {
    exitCode: EXIT.refused,
    advice: "Give --resume to continue the run, or another --state-db to start a new run.",
  },
  "state-missing": {
    exitCode: EXIT.usage,
    advice: "Check the path given with --state-db. `reupload run` creates a state.",
  },
  "state-foreign": {
    exitCode: EXIT.refused,
    advice: "Give another path with --state-db. This file was not changed.",
  },
  "state-corrupt": {
    exitCode: EXIT.refused,
    advice: "Restore the file from a copy, or start a new run with another --state-db.",
  },
  "state-original-tool": {
    exitCode: EXIT.refused,
    advice:
      "Create a new state from it with `reupload import-state`, or give another path with --state-db. A new run recognises blobs that are already in the target and does not overwrite them.",
  },
  "state-newer": {
    exitCode: EXIT.refused,
    advice: "Use the newer version of reupload that wrote it.",
  },
  "state-locked": {
    exitCode: EXIT.refused,
    advice: "Wait for the other process, or give each process its own --state-db.",
  },
  "state-unfinished": {
    exitCode: EXIT.refused,
    advice:
      "Finish its run with `reupload run --resume`. If nothing of it is needed, delete the file yourself.",
  },
  "state-network-disk": {
    exitCode: EXIT.refused,
    advice:
      "Put the state on a local disk. SQLite's write-ahead log needs shared memory, which network disks do not have.",
  },
  "identity-mismatch": {
    exitCode: EXIT.refused,
    advice:
      "Resume with the settings that the run was started with, or start a new run with another --state-db.",
  },
  "run-differs": {
    exitCode: EXIT.refused,
    advice: "Give the settings that the run was started with; `reupload plan` prints the commands.",
  },
  "partition-held": {
    exitCode: EXIT.refused,
    advice: "Let the other machine finish, or stop it and give --take-over here.",
  },
  "canary-failed": {
    exitCode: EXIT.stoppedEarly,
    advice: "Look at what is wrong with the first part. Then resume without --canary.",
  },
  "partition-lost": {
    exitCode: EXIT.refused,
    advice: "Another machine works on this partition now. Nothing is left to do here.",
  },
  "csv-differs": {
    exitCode: EXIT.refused,
    advice: "Give every machine the same CSV. If the CSVs differ on purpose, give --separate-run.",
  },
  "coordination-damaged": {
    exitCode: EXIT.refused,
    advice: "Check what else writes to the coordination container, or give --no-coordination.",
  },
  "coordination-forbidden": {
    exitCode: EXIT.signIn,
    advice: "Ask for Storage Blob Data Contributor on the coordination container, or give --no-coordination.",
  },
  "coordination-missing": {
    exitCode: EXIT.usage,
    advice: "Create the coordination container, give --create-missing, or give --no-coordination.",
  },
  "run-not-found": {
    exitCode: EXIT.usage,
    advice:
      "Check --target, --target-container, --csv and --coordination-container. A run with --no-coordination, or without the right to coordinate, is seen by its state alone: give --state-db.",
  },
  "checkpoint-unusable": {
    exitCode: EXIT.refused,
    advice:
      "Use the same CSV as the other machines. If it has new rows, resume each machine with --update-csv.",
  },
  "sign-in": { exitCode: EXIT.signIn, advice: "Run `az login`, then run the command again." },
  permission: {
    exitCode: EXIT.signIn,
    advice:
      "Ask for the roles Storage Blob Data Contributor and Storage Queue Data Message Sender on the account.",
  },
  "too-many-failures": {
    exitCode: EXIT.stoppedEarly,
    advice: "Look at the failures above and correct their cause, then run again with --resume.",
  },
  unavailable: {
    exitCode: EXIT.unavailable,
    advice: "Run the command again when the service answers, with --resume if there is a state.",
  },
  "disk-full": {
    exitCode: EXIT.unavailable,
    advice: "Free some space, then run the command again, with --resume if there is a state.",
  },
  "secret-found": {
    exitCode: EXIT.refused,
    advice:
      "Find out how it got there. Without that file the bundle can be made by hand: `reupload report --html`, --json, `reupload files`.",
  },
  internal: {
    exitCode: EXIT.unavailable,
    advice:
      "Run the command again, with --resume if there is a state. Please report this error with the log.",
  },
} as const satisfies Record<string, { exitCode: ExitCode; advice: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error that is told to the user in two lines: what is wrong, and what to do. */
export class ReuploadError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
  readonly advice: string;

  constructor(code: ErrorCode, message: string, options: { advice?: string; cause?: unknown } = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ReuploadError";
    this.code = code;
    this.exitCode = ERRORS[code].exitCode;
    this.advice = redact(options.advice ?? ERRORS[code].advice);
  }
}

/** The message of anything thrown. */
export function errorMessageText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's error code (`ENOENT`, `ECONNRESET`, `SQLITE_FULL`...) of anything thrown, or of its causes. */
export function systemErrorCode(thrown: unknown): string | undefined {
  for (const error of causeChain(thrown)) {
    if ("code" in error && typeof error.code === "string") return error.code;
  }
  return undefined;
}

/** What the file system says when a disk, or the user's share of it, is full. */
const DISK_FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"];
/** The same of SQLite: its primary result code. */
const SQLITE_FULL = 13;

/** Whether anything thrown, or one of its causes, says that a disk is full. The one list of such codes. */
export function isDiskFull(thrown: unknown): boolean {
  for (const error of causeChain(thrown)) {
    if ("code" in error && DISK_FULL.includes(error.code)) return true;
    if ("errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === SQLITE_FULL) {
      return true;
    }
  }
  return false;
}

/** Errors have this many causes at most; more is a loop. */
const MOST_CAUSES = 8;

function* causeChain(thrown: unknown): Iterable<Error> {
  for (let error = thrown, depth = 0; error instanceof Error && depth < MOST_CAUSES; depth++) {
    yield error;
    error = error.cause;
  }
}
