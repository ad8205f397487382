import type { ServiceAnswer } from "../../core/failure.ts";
import { type ErrorCode, errorMessageText, ReuploadError } from "../../core/errors.ts";
import { SignInError } from "../sign-in/token-source.ts";
import { ServiceFailure } from "../wire/service-error.ts";

/** A ServiceFailure as plain data. */
export interface FailureData {
  readonly kind: "service";
  readonly operation: string;
  readonly said: string;
  readonly answer: ServiceAnswer;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly trouble: string | undefined;
  readonly answeredAt: number | undefined;
  readonly attempts: number;
  readonly cause: ErrorData | undefined;
}

/** An error as plain data, to be made again in another thread. */
export type ErrorData =
  | FailureData
  | {
      readonly kind: "reupload";
      readonly code: ErrorCode;
      readonly message: string;
      readonly advice: string;
      readonly cause: ErrorData | undefined;
    }
  | {
      readonly kind: "sign-in";
      readonly message: string;
      readonly advice: string;
      readonly isUnavailable: boolean;
      readonly cause: ErrorData | undefined;
    }
  | {
      readonly kind: "other";
      readonly name: string;
      readonly message: string;
      readonly code: string | undefined;
      readonly cause: ErrorData | undefined;
    };

/** Errors have this many causes at most; more is a loop. */
const MOST_CAUSES = 8;

/** The failure as data; its causes, too. */
export function failureToData(failure: ServiceFailure, depth = 0): FailureData {
  const { operation, said, answer, requestId, retryAfterMs, trouble, answeredAt, attempts } = failure;
  const cause = causeToData(failure.cause, depth);
  return {
    kind: "service",
    operation,
    said,
    answer: { ...answer },
    requestId,
    retryAfterMs,
    trouble,
    answeredAt,
    attempts,
    cause,
  };
}

/** Anything thrown as data: the class, code, advice and causes of what is ours; name, message and code of the rest. */
export function errorToData(thrown: unknown, depth = 0): ErrorData {
  if (thrown instanceof ServiceFailure) return failureToData(thrown, depth);
  const message = errorMessageText(thrown);
  if (!(thrown instanceof Error))
    return { kind: "other", name: "Error", message, code: undefined, cause: undefined };
  const cause = causeToData(thrown.cause, depth);
  if (thrown instanceof ReuploadError) {
    return { kind: "reupload", code: thrown.code, message, advice: thrown.advice, cause };
  }
  if (thrown instanceof SignInError) {
    return { kind: "sign-in", message, advice: thrown.advice, isUnavailable: thrown.isUnavailable, cause };
  }
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  return { kind: "other", name: thrown.name, message, code, cause };
}

function causeToData(cause: unknown, depth: number): ErrorData | undefined {
  return cause === undefined || depth >= MOST_CAUSES ? undefined : errorToData(cause, depth + 1);
}

/** The failure that was made data of. */
export function failureFromData(data: FailureData): ServiceFailure {
  const { operation, said, answer, attempts, cause, ...facts } = data;
  const failure = new ServiceFailure(operation, said, answer, {
    ...facts,
    cause: cause && errorFromData(cause),
  });
  failure.attempts = attempts;
  return failure;
}

/** The error that was made data of, as the same class; what is not ours as an Error of that name. */
export function errorFromData(data: ErrorData): Error {
  if (data.kind === "service") return failureFromData(data);
  const cause = data.cause && errorFromData(data.cause);
  if (data.kind === "reupload") {
    return new ReuploadError(data.code, data.message, { advice: data.advice, cause });
  }
  if (data.kind === "sign-in") {
    return new SignInError(data.message, data.advice, { isUnavailable: data.isUnavailable, cause });
  }
  const error = new Error(data.message, cause && { cause });
  if (data.name !== error.name) error.name = data.name;
  return data.code === undefined ? error : Object.assign(error, { code: data.code });
}
