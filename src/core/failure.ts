import { redact } from "./secret.ts";
import { isPassing } from "./service-codes.ts";

/**
 * Why a file or a work item failed: stable codes, each with what it means and what the operator can do.
 * They stand in the state, the summary, the events and `docs/errors.md` under these names.
 */
export const FAILURES = {
  "source-not-found": {
    meaning: "the source blob does not exist",
    advice: "Check whether the blob was deleted. Restore it, then resume.",
  },
  "source-forbidden": {
    meaning: "reading the source is not permitted (its link has expired, or a role is missing)",
    advice:
      "Create the listing again with fresh links, or ask for the role Storage Blob Data Reader, then resume.",
  },
  "source-archived": {
    meaning: "the source blob is in the archive tier",
    advice: "Rehydrate the blob, then resume.",
  },
  "source-changed": {
    meaning: "the source blob changed while it was read",
    advice: "Resume when nothing writes to the source any more.",
  },
  "target-forbidden": {
    meaning: "writing to the target is not permitted, or the account does not have the --tier",
    advice:
      "Ask for the role Storage Blob Data Contributor on the target account (with --tags: Storage Blob Data Owner), then resume. For another --tier start a new run.",
  },
  "target-locked": {
    meaning: "the target blob is locked: a lease, an immutability policy or the archive tier holds it",
    advice:
      "End the lease, the immutability policy or the legal hold, rehydrate the blob, or use another name (--name-template), then resume.",
  },
  conflict: {
    meaning: "the target already has a blob with this name and other content",
    advice:
      "Check which of the two is right; another work item may use the same name (see --name-template). --on-conflict overwrite replaces the blob in the target.",
  },
  "name-collision": {
    meaning: "two files of one work item have the same target name",
    advice: "Use --on-collision path, or a --name-template that gives them different names.",
  },
  "bad-name": {
    meaning: "the target name is not allowed",
    advice: "Correct the name at its origin, or use another --name-template.",
  },
  "too-large": {
    meaning: "the file is larger than a block blob can be",
    advice: "Copy the file with another tool.",
  },
  "integrity-mismatch": {
    meaning: "the bytes read do not match the length or MD5 that the source states",
    advice: "Resume to read the source again. If the failure stays, the source is damaged.",
  },
  throttled: {
    meaning: "the service refused every attempt because of its load",
    advice: "Resume, with fewer file slots (--file-workers).",
  },
  timeout: { meaning: "the service did not answer in time", advice: "Resume." },
  network: { meaning: "the connection or the service failed", advice: "Check the network, then resume." },
  "queue-unavailable": {
    meaning: "the blob is in the target, but the queue did not accept its announcement",
    advice: "Resume. The file is announced without being copied again.",
  },
  "catalog-error": {
    meaning: "the work item's files could not be looked up",
    advice: "Read the message, correct the catalog, then resume.",
  },
  "no-files": {
    meaning: "the catalog lists no file for the work item",
    advice: "Check the catalog. Without --on-empty fail such a work item is only reported.",
  },
  internal: { meaning: "an internal error of reupload", advice: "Please report this error with the log." },
} as const satisfies Record<string, { meaning: string; advice: string }>;

export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = Object.keys(FAILURES) as FailureCode[];

/** Whether the text is a code of the registry. */
export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(FAILURES, text);
}

/** What a failure carries so that it can be understood, and replayed by hand. All texts are redacted. */
export interface FailureDetails {
  readonly attempts?: number;
  /** The service's request id, for a support case. */
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** A failure that is charged to one file or one work item; it never ends the run. */
export class FileFailure extends Error {
  readonly code: FailureCode;
  readonly attempts: number;
  readonly requestId: string | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(redact(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "FileFailure";
    this.code = code;
    this.attempts = details.attempts ?? 1;
    this.requestId = details.requestId;
  }
}

/** What a service answered, as far as the decision "try again?" needs it. */
export interface ServiceAnswer {
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** The service's own error code (`ServerBusy`, `BlobAlreadyExists`, ...). */
  readonly errorCode?: string | undefined;
  /** The system's code when the connection failed (`ECONNRESET`, `ENOTFOUND`, ...). */
  readonly systemCode?: string | undefined;
  /** Our own deadline ended the attempt. */
  readonly timedOut?: boolean | undefined;
  /** No token could be had at all. */
  readonly signInFailed?: boolean | undefined;
  /** There was an answer, but something else than the service gave it (a proxy, a captive portal); it has no status. */
  readonly intercepted?: boolean | undefined;
  /** The service refused the request for its time: this machine's clock is wrong. */
  readonly clockIsWrong?: boolean | undefined;
}

/**
 * - `answer`     permanent: the same request gets the same answer
 * - `retry`      may pass; counted as an attempt
 * - `throttled`  the service asks to slow down; every slot of the account waits
 * - `unreachable` no connection at all: the account's trouble, not the file's
 * - `renew`      the token was refused: renew it once
 * - `sign-in`    nobody is signed in: the run's trouble, not the file's
 * - `intercepted` something else than the service answered: the network's trouble, not the file's
 * - `clock`      this machine's clock is wrong: the run's trouble, not the file's
 */
export type Verdict =
  | "answer"
  | "retry"
  | "throttled"
  | "unreachable"
  | "renew"
  | "sign-in"
  | "intercepted"
  | "clock";

/** What a status means when nothing more is known; everything else under 500 is an answer, from 500 on it may pass. */
const STATUS_VERDICTS: Readonly<Record<number, Verdict>> = {
  401: "renew",
  408: "retry",
  429: "throttled",
  501: "answer",
  503: "throttled",
  505: "answer",
};

/** System codes of a connection that could not be made at all, as against one that broke. */
const UNREACHABLE_CODES = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
]);

/** The other end shows a certificate that is not trusted here, is over, or is another host's. */
const CERTIFICATE_CODES = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What helps when the service's certificate is not trusted; undefined for any other answer. */
export function certificateAdvice({ status, systemCode = "" }: ServiceAnswer): string | undefined {
  if (status !== undefined || !CERTIFICATE_CODES.has(systemCode)) return undefined;
  return "Check the address and the clock of this machine. If a proxy decrypts TLS, set NODE_EXTRA_CA_CERTS to the file with its CA. Then run the command again.";
}

/** A status alone, unless the service's code says that it may pass. */
function statusVerdict(status: number, errorCode: string | undefined): Verdict {
  if (isPassing(errorCode)) return "retry";
  return STATUS_VERDICTS[status] ?? (status >= 500 ? "retry" : "answer");
}

/** The one place that decides what is retryable. */
export function classifyAnswer(answer: ServiceAnswer): Verdict {
  if (answer.signInFailed) return "sign-in";
  if (answer.intercepted) return "intercepted";
  if (answer.clockIsWrong) return "clock";
  if (answer.status !== undefined) return statusVerdict(answer.status, answer.errorCode);
  if (certificateAdvice(answer) !== undefined) return "answer";
  return UNREACHABLE_CODES.has(answer.systemCode ?? "") ? "unreachable" : "retry";
}
