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
  "bad-config": { exitCode: EXIT.usage, advice: "Correct the configuration file." },
  "csv-unreadable": { exitCode: EXIT.usage, advice: "Check the path given with --csv." },
  "csv-invalid": {
    exitCode: EXIT.usage,
    advice: "Wanted is a CSV whose first line names JobId and WorkItemId (WorkItemName is optional).",
  },
  "output-unwritable": { exitCode: EXIT.usage, advice: "Check the folder and its permissions." },
  "listing-unreadable": { exitCode: EXIT.usage, advice: "Check the path given with --files." },
  "listing-invalid": {
    exitCode: EXIT.usage,
    advice:
      "Wanted is a CSV or NDJSON with JobId, WorkItemId, WorkItemName, Uri, FileName and optionally Length, ContentMD5.",
  },
  "kusto-invalid": {
    exitCode: EXIT.usage,
    advice: "Check --kusto-cluster, --kusto-database and the query; try the query in the Data Explorer.",
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
    advice: "Create it first, or give --create-missing to have it created.",
  },
  "emulator-missing": {
    exitCode: EXIT.usage,
    advice: "Install the storage emulator beside reupload: npm install azurite",
  },
  "emulator-failed": {
    exitCode: EXIT.unavailable,
    advice: "Run it by hand to see why: npx azurite --version",
  },
  "state-exists": {
    exitCode: EXIT.refused,
    advice: "Give --resume to continue it, or another --state-db to start anew.",
  },
  "state-missing": {
    exitCode: EXIT.usage,
    advice: "Check the path given with --state-db; `reupload run` makes a state.",
  },
  "state-foreign": {
    exitCode: EXIT.refused,
    advice: "Give another path with --state-db; this file is left as it is.",
  },
  "state-corrupt": {
    exitCode: EXIT.refused,
    advice: "Restore the file from a copy, or start anew with another --state-db.",
  },
  "state-original-tool": {
    exitCode: EXIT.refused,
    advice:
      "Make a new state of it with `reupload import-state`, which knows what it knew; or give another path with --state-db: blobs that are already there are recognised and not overwritten.",
  },
  "state-newer": {
    exitCode: EXIT.refused,
    advice: "Use the newer reupload that wrote it.",
  },
  "state-locked": {
    exitCode: EXIT.refused,
    advice: "Wait for the other process, or give each process its own --state-db.",
  },
  "state-network-disk": {
    exitCode: EXIT.refused,
    advice: "Put the state on a local disk: SQLite's write-ahead log needs shared memory.",
  },
  "identity-mismatch": {
    exitCode: EXIT.refused,
    advice: "Resume with what the run was started with, or start a new run with another --state-db.",
  },
  "run-differs": {
    exitCode: EXIT.refused,
    advice: "Give what the run was begun with; `reupload plan` prints the commands.",
  },
  "partition-held": {
    exitCode: EXIT.refused,
    advice: "Let the other machine finish, or stop it and give --take-over.",
  },
  "partition-lost": {
    exitCode: EXIT.refused,
    advice: "Another machine has this partition now; nothing is left to do here.",
  },
  "csv-differs": {
    exitCode: EXIT.refused,
    advice: "Give every machine the same CSV. When the two are meant to differ, give --separate-run.",
  },
  "coordination-damaged": {
    exitCode: EXIT.refused,
    advice: "Look who writes to the coordination container besides reupload, or give --no-coordination.",
  },
  "coordination-forbidden": {
    exitCode: EXIT.signIn,
    advice: "Ask for Storage Blob Data Contributor on the coordination container, or give --no-coordination.",
  },
  "coordination-missing": {
    exitCode: EXIT.usage,
    advice: "Create the coordination container, give --create-missing, or give --no-coordination.",
  },
  "checkpoint-unusable": {
    exitCode: EXIT.refused,
    advice:
      "Use the CSV that the other machines use; when it has new rows, resume each machine with --update-csv.",
  },
  "sign-in": { exitCode: EXIT.signIn, advice: "Run `az login`, then run the command again." },
  permission: {
    exitCode: EXIT.signIn,
    advice:
      "Ask for the roles Storage Blob Data Contributor and Storage Queue Data Message Sender on the account.",
  },
  "too-many-failures": {
    exitCode: EXIT.stoppedEarly,
    advice: "Look at the failures above; when they are settled, run again with --resume.",
  },
  unavailable: {
    exitCode: EXIT.unavailable,
    advice: "Run the command again when the service answers, with --resume if it has made a state.",
  },
  "disk-full": {
    exitCode: EXIT.unavailable,
    advice: "Free some space, then run the command again, with --resume if it has made a state.",
  },
  internal: {
    exitCode: EXIT.unavailable,
    advice: "Run the command again, with --resume if it has made a state. Please report this with the log.",
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
