import { ReuploadError } from "../../core/errors.ts";
import { FileFailure, type ServiceAnswer } from "../../core/failure.ts";
import { redact } from "../../core/secret.ts";
import { WaitGivenUp } from "../../core/waits.ts";
import { ForeignAnswer } from "./foreign-answer.ts";
import { SignInError } from "../sign-in/token-source.ts";

/** A request that ended without success, after the attempts it was given. */
export class ServiceFailure extends Error {
  readonly answer: ServiceAnswer;
  readonly requestId: string | undefined;
  /** How long the service asks to wait, in ms. */
  readonly retryAfterMs: number | undefined;
  /** What was being done: `put blob`. */
  readonly operation: string;
  /** The service's own words, without the operation. */
  readonly said: string;
  /** What is wrong with this machine's clock, or with the times of a SAS, in words. */
  readonly trouble: string | undefined;
  /** By the service's own clock, ms since the epoch; undefined when it did not tell. */
  readonly answeredAt: number | undefined;
  /** Set by the attempt wrapper. */
  attempts = 1;

  constructor(operation: string, said: string, answer: ServiceAnswer, details: FailureFacts = {}) {
    super(redact(`${operation}: ${said}`), { cause: details.cause });
    this.name = "ServiceFailure";
    this.operation = operation;
    this.said = redact(said);
    this.answer = answer;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.trouble = details.trouble;
    this.answeredAt = details.answeredAt;
  }

  get status(): number | undefined {
    return this.answer.status;
  }

  get errorCode(): string | undefined {
    return this.answer.errorCode;
  }
}

interface FailureFacts {
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly trouble?: string | undefined;
  readonly answeredAt?: number | undefined;
  readonly cause?: unknown;
}

/** The parts of an SDK error (core-rest-pipeline's RestError) that are read here. */
interface SdkError extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  readonly details?: { readonly errorCode?: string; readonly message?: string };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
  /** As `RefusedRequest` has them. */
  readonly clockIsWrong?: boolean;
  readonly trouble?: string | undefined;
}

/** Thrown by ourselves: a file's or the run's failure, a defect. Asking the service again would not help. */
const OURS = [FileFailure, ReuploadError, WaitGivenUp, TypeError, RangeError, ReferenceError];

/**
 * What a call threw, as one kind of error; undefined for what the service has no part in.
 *
 * @param now ms since the epoch
 */
export function toServiceFailure(
  thrown: unknown,
  operation: string,
  now: number,
): ServiceFailure | undefined {
  if (thrown instanceof ServiceFailure) return thrown;
  if (OURS.some((kind) => thrown instanceof kind)) return undefined;
  if (thrown instanceof SignInError) {
    return new ServiceFailure(operation, thrown.message, { signInFailed: true }, { cause: thrown });
  }
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as SdkError;
  const cause = withoutRequest(error);
  const headers = error.response?.headers;
  const retryAfterMs = readRetryAfter(headers, now);
  if (thrown instanceof ForeignAnswer) {
    return new ServiceFailure(operation, thrown.message, { intercepted: true }, { retryAfterMs, cause });
  }
  const errorCode = headers?.get("x-ms-error-code") ?? error.details?.errorCode ?? error.code;
  const status = error.statusCode;
  const clock = error.clockIsWrong === true ? { clockIsWrong: true } : {};
  const answer: ServiceAnswer =
    status === undefined ? { systemCode: error.code } : { status, errorCode, ...clock };
  const said = status === undefined ? "" : `HTTP ${status}${errorCode === undefined ? "" : ` ${errorCode}`}`;
  return new ServiceFailure(
    operation,
    [said, firstLine(error.message), error.trouble ?? ""].filter((part) => part !== "").join(", "),
    answer,
    {
      requestId: headers?.get("x-ms-request-id"),
      retryAfterMs,
      trouble: error.trouble,
      answeredAt: Date.parse(headers?.get("date") ?? "") || undefined,
      cause,
    },
  );
}

/** The SDK's errors hold the whole request, with its signature and its links: none of that may reach a log. */
function withoutRequest(error: SdkError): Error {
  const bare = new Error(redact(error.message));
  bare.name = error.name;
  if (error.stack !== undefined) bare.stack = redact(error.stack);
  return error.code === undefined ? bare : Object.assign(bare, { code: error.code });
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").trim().slice(0, 300);
}

/**
 * How long the service asks to wait, ms: `x-ms-retry-after-ms` (ms), else `Retry-After` (seconds or an HTTP date).
 *
 * @param now ms since the epoch
 */
export function readRetryAfter(
  headers: { get(name: string): string | undefined } | undefined,
  now: number,
): number | undefined {
  const ms = Number(headers?.get("x-ms-retry-after-ms") ?? Number.NaN);
  if (ms >= 0) return ms;
  const value = headers?.get("retry-after");
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
