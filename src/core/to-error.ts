import { isDiskFull, errorMessageText, ReuploadError } from "./errors.ts";

/** Anything thrown as an error that can be told in two lines. */
export function toReuploadError(thrown: unknown): ReuploadError {
  if (thrown instanceof ReuploadError) return thrown;
  if (isDiskFull(thrown)) {
    return new ReuploadError("disk-full", `The disk is full: ${errorMessageText(thrown)}`, { cause: thrown });
  }
  return new ReuploadError("internal", `Internal error: ${errorMessageText(thrown)}`, { cause: thrown });
}
