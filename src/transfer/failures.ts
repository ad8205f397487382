import { ServiceFailure } from "../azure/azure.ts";
import { type FailureCode, FileFailure, isFailureCode, classifyAnswer } from "../core/failure.ts";
import { atSource, atTarget, type Becomes } from "../core/service-codes.ts";

/** A conditional create found the name taken; any other 409 or 412 says something else. */
export function saysExists(failure: ServiceFailure): boolean {
  return (failure.status === 409 || failure.status === 412) && atTarget(failure.errorCode) === "exists";
}

/** The service's codes that say that it cannot read this source, though we may. */
const CANNOT_READ_SOURCE = new Set(["CannotVerifyCopySource", "CopyAcrossAccountsNotSupported"]);

/** The service could not read the source: the source's fault or the network's between them, or it may not. */
export function saysCannotReadSource(failure: ServiceFailure): boolean {
  return CANNOT_READ_SOURCE.has(failure.errorCode ?? "");
}

/** The service does not know the call (an emulator, an old appliance). */
export function saysNotImplemented(failure: ServiceFailure): boolean {
  return failure.status === 501 || failure.status === 405;
}

/** The blob is in the archive tier, or on its way out of it. */
export function saysArchived(failure: ServiceFailure): boolean {
  return failure.errorCode === "BlobArchived" || failure.errorCode === "BlobBeingRehydrated";
}

/** The source is over what one call copies. */
export function saysTooLarge(failure: ServiceFailure): boolean {
  return failure.status === 413;
}

/** What a status becomes whose code is not known here, on a read of the source ... */
const SOURCE_STATUSES: Readonly<Record<number, FailureCode>> = {
  404: "source-not-found",
  410: "source-not-found",
  412: "source-changed",
  416: "source-changed",
};

/** ... and on a call to the target. A request that the service cannot make sense of is a fault of ours. */
const TARGET_STATUSES: Readonly<Record<number, FailureCode>> = {
  400: "internal",
  405: "internal",
  411: "internal",
  412: "conflict",
  413: "too-large",
  415: "internal",
  416: "internal",
};

/** A failed read of the source as the file's failure. */
export function sourceFailure(failure: ServiceFailure): FileFailure {
  const code = passing(failure) ?? failureCode(atSource(failure.errorCode), "source-forbidden");
  return fileFailure(code ?? SOURCE_STATUSES[failure.status ?? 0] ?? "source-forbidden", failure);
}

/** A failed write to the target as the file's failure. */
export function targetFailure(failure: ServiceFailure): FileFailure {
  const code = passing(failure) ?? failureCode(atTarget(failure.errorCode), "target-forbidden");
  return fileFailure(code ?? TARGET_STATUSES[failure.status ?? 0] ?? "target-forbidden", failure);
}

/** What may pass and did not, and what is no answer of the service at all; undefined for its answers. */
function passing(failure: ServiceFailure): FailureCode | undefined {
  if (failure.answer.timedOut === true) return "timeout";
  switch (classifyAnswer(failure.answer)) {
    case "throttled":
      return "throttled";
    case "retry":
      // The service tried to read the source, and took too long.
      return saysCannotReadSource(failure) ? undefined : "network";
    case "unreachable":
    case "intercepted":
    case "clock":
      return "network";
    case "answer":
      // Without a status it is the certificate's trouble.
      return failure.status === undefined ? "network" : undefined;
    case "renew":
      return undefined;
    case "sign-in":
      return "internal";
  }
}

/** What the file is at the end of what is not a failure by itself. */
const AT_THE_END: Partial<Readonly<Record<Becomes, FailureCode>>> = { exists: "conflict", retry: "network" };

/** @param forbidden what it is when the rights, or the container as a whole, are not there */
function failureCode(becomes: Becomes | undefined, forbidden: FailureCode): FailureCode | undefined {
  if (becomes === undefined) return undefined;
  if (becomes === "rights" || becomes === "gone" || becomes === "renew") return forbidden;
  return isFailureCode(becomes) ? becomes : AT_THE_END[becomes];
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

/** As `ofTarget`, for a write of bytes that this machine has: the blob that is archived is the target's. */
export async function ofOwnWrite<T>(work: Promise<T>): Promise<T> {
  return ofTarget(work).catch((thrown: unknown) => {
    const isArchived = thrown instanceof FileFailure && thrown.code === "source-archived";
    if (!isArchived || !(thrown.cause instanceof ServiceFailure)) throw thrown;
    throw archivedInTarget("it cannot be written over", thrown.cause);
  });
}

/** @param so what cannot be done */
export function archivedInTarget(so: string, cause: ServiceFailure): FileFailure {
  const message = `the blob in the target is in the archive tier, so ${so}`;
  const { attempts, requestId } = cause;
  return new FileFailure("target-locked", message, { attempts, requestId, cause });
}

/** Runs a call to the target; what it throws is told as the file's failure. */
export async function ofTarget<T>(work: Promise<T>): Promise<T> {
  return work.catch((thrown: unknown) => {
    throw thrown instanceof ServiceFailure ? targetFailure(thrown) : thrown;
  });
}
