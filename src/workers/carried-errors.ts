/** Errors on their way between threads: as plain data, and made again as the classes that the pipeline tells apart. */
import { type ErrorCode, errorMessageText, ReuploadError } from "../core/errors.ts";
import { type FailureCode, FileFailure } from "../core/failure.ts";
import { WaitGivenUp } from "../core/waits.ts";

/** Errors have this many causes at most; more is a loop. */
const MOST_CAUSES = 8;

interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The system's own, such as `ECONNRESET`. */
  readonly code: string | undefined;
}

export type CarriedError = { readonly cause: CarriedError | undefined } & (
  | {
      readonly kind: "file-failure";
      readonly code: FailureCode;
      readonly message: string;
      readonly attempts: number;
      readonly requestId: string | undefined;
    }
  | {
      readonly kind: "reupload-error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly advice: string;
    }
  | { readonly kind: "wait-given-up" }
  | ({ readonly kind: "other" } & PlainError)
);

/** Anything thrown, with its causes, as data that can be cloned. */
export function packError(thrown: unknown, depth = 1): CarriedError {
  if (thrown instanceof WaitGivenUp) return { kind: "wait-given-up", cause: undefined };
  const hasCause = thrown instanceof Error && thrown.cause !== undefined && depth < MOST_CAUSES;
  const cause = hasCause ? packError(thrown.cause, depth + 1) : undefined;
  if (thrown instanceof FileFailure) {
    const { code, message, attempts, requestId } = thrown;
    return { kind: "file-failure", code, message, attempts, requestId, cause };
  }
  if (thrown instanceof ReuploadError) {
    const { code, message, advice } = thrown;
    return { kind: "reupload-error", code, message, advice, cause };
  }
  const { name = "Error", stack } = thrown instanceof Error ? thrown : {};
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return {
    kind: "other",
    name,
    message: errorMessageText(thrown),
    stack,
    code: typeof code === "string" ? code : undefined,
    cause,
  };
}

/** The error that was packed; what is of no class of `core` is an Error of its name, message, stack and system code. */
export function unpackError(carried: CarriedError): Error {
  const cause = carried.cause && unpackError(carried.cause);
  switch (carried.kind) {
    case "wait-given-up":
      return new WaitGivenUp();
    case "file-failure": {
      const { code, message, attempts, requestId } = carried;
      return new FileFailure(code, message, { attempts, requestId, cause });
    }
    case "reupload-error": {
      const { code, message, advice } = carried;
      return new ReuploadError(code, message, { advice, cause });
    }
    case "other": {
      const { name, message, stack, code } = carried;
      const error = new Error(message, cause && { cause });
      error.name = name;
      if (stack !== undefined) error.stack = stack;
      return code === undefined ? error : Object.assign(error, { code });
    }
  }
}
