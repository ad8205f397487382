import { ServiceFailure } from "../azure/service-error.ts";
import { type FailureCode, FileFailure, verdictOf } from "../core/failure.ts";

/** The service's codes that say "a blob of this name is there"; any other 409 or 412 says something else. */
const EXISTS_CODES = new Set(["BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"]);

/** A conditional create found the name taken. */
export function saysExists(failure: ServiceFailure): boolean {
  return (failure.status === 409 || failure.status === 412) && EXISTS_CODES.has(failure.errorCode ?? "");
}

/** The service could not read the source: the source's fault or the network's between them. */
export function saysCannotReadSource(failure: ServiceFailure): boolean {
  return failure.errorCode === "CannotVerifyCopySource";
}

/** The service does not know the call (an emulator, an old appliance). */
export function saysNotImplemented(failure: ServiceFailure): boolean {
  return failure.status === 501 || failure.status === 405;
}

/** The source is over what one call copies. */
export function saysTooLarge(failure: ServiceFailure): boolean {
  return failure.status === 413;
}

/** Codes of a server copy that speak of the source, whatever their status. */
const SOURCE_CODES: Readonly<Record<string, FailureCode>> = {
  SourceConditionNotMet: "source-changed",
  BlobArchived: "source-archived",
  BlobBeingRehydrated: "source-archived",
  CannotVerifyCopySource: "source-forbidden",
};

const TARGET_CODES: Readonly<Record<string, FailureCode>> = {
  ...SOURCE_CODES,
  Md5Mismatch: "integrity-mismatch",
  InvalidResourceName: "bad-name",
  OutOfRangeInput: "bad-name",
  InvalidBlobType: "conflict",
  BlobAlreadyExists: "conflict",
  RequestBodyTooLarge: "too-large",
  BlobImmutableDueToPolicy: "target-forbidden",
  LeaseIdMissing: "target-forbidden",
  ContainerBeingDeleted: "target-forbidden",
};

const SOURCE_STATUSES: Readonly<Record<number, FailureCode>> = {
  400: "source-forbidden",
  401: "source-forbidden",
  403: "source-forbidden",
  404: "source-not-found",
  409: "source-forbidden",
  412: "source-changed",
  416: "source-changed",
};

const TARGET_STATUSES: Readonly<Record<number, FailureCode>> = {
  401: "target-forbidden",
  403: "target-forbidden",
  404: "target-forbidden",
  409: "target-forbidden",
  413: "too-large",
};

/** A failed read of the source as the file's failure. */
export function sourceFailure(failure: ServiceFailure): FileFailure {
  const code = SOURCE_CODES[failure.errorCode ?? ""] ?? SOURCE_STATUSES[failure.status ?? 0];
  return fileFailure(code ?? codeByVerdict(failure), failure);
}

/** A failed write to the target as the file's failure. */
export function targetFailure(failure: ServiceFailure): FileFailure {
  const code = TARGET_CODES[failure.errorCode ?? ""] ?? TARGET_STATUSES[failure.status ?? 0];
  return fileFailure(code ?? codeByVerdict(failure), failure);
}

function codeByVerdict(failure: ServiceFailure): FailureCode {
  if (failure.answer.timedOut === true) return "timeout";
  switch (verdictOf(failure.answer)) {
    case "throttled":
      return "throttled";
    case "retry":
    case "unreachable":
      return "network";
    case "answer":
      // Without a status it is the certificate's trouble.
      return failure.status === undefined ? "network" : "internal";
    case "renew":
    case "sign-in":
      return "internal";
  }
}

function fileFailure(code: FailureCode, failure: ServiceFailure): FileFailure {
  return new FileFailure(code, failure.message, {
    attempts: failure.attempts,
    requestId: failure.requestId,
    cause: failure,
  });
}

/** Runs a read of the source; what it throws is told as the file's failure. */
export async function ofSource<T>(work: Promise<T>): Promise<T> {
  return work.catch((thrown: unknown) => {
    throw thrown instanceof ServiceFailure ? sourceFailure(thrown) : thrown;
  });
}

/** Runs a call to the target; what it throws is told as the file's failure. */
export async function ofTarget<T>(work: Promise<T>): Promise<T> {
  return work.catch((thrown: unknown) => {
    throw thrown instanceof ServiceFailure ? targetFailure(thrown) : thrown;
  });
}
