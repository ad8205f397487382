/** Errors on their way between threads: as plain data, and made again as the classes that the pipeline tells apart. */
import { type ErrorData, errorFromData, errorToData } from "../azure/azure.ts";
import { type FailureCode, FileFailure } from "../core/failure.ts";
import { WaitGivenUp } from "../core/waits.ts";

export type CarriedError =
  | {
      readonly kind: "file-failure";
      readonly code: FailureCode;
      readonly message: string;
      readonly attempts: number;
      readonly requestId: string | undefined;
      readonly cause: ErrorData | undefined;
    }
  | { readonly kind: "wait-given-up" }
  | { readonly kind: "error"; readonly error: ErrorData };

/** Anything thrown, with its causes, as data that can be cloned. */
export function packError(thrown: unknown): CarriedError {
  if (thrown instanceof WaitGivenUp) return { kind: "wait-given-up" };
  if (!(thrown instanceof FileFailure)) return { kind: "error", error: errorToData(thrown) };
  const { code, message, attempts, requestId, cause } = thrown;
  return {
    kind: "file-failure",
    code,
    message,
    attempts,
    requestId,
    cause: cause === undefined ? undefined : errorToData(cause),
  };
}

/** The error that was packed, of its class; what is none of ours is an Error of its name, message and system code. */
export function unpackError(carried: CarriedError): Error {
  switch (carried.kind) {
    case "wait-given-up":
      return new WaitGivenUp();
    case "file-failure": {
      const { code, message, attempts, requestId, cause } = carried;
      return new FileFailure(code, message, { attempts, requestId, cause: cause && errorFromData(cause) });
    }
    case "error":
      return errorFromData(carried.error);
  }
}
