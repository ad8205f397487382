import { isDiskFull, messageOf, ReuploadError } from "../core/errors.ts";

/** Anything thrown as an error that can be told in two lines. */
export function toReuploadError(thrown: unknown): ReuploadError {
  if (thrown instanceof ReuploadError) return thrown;
  if (isDiskFull(thrown)) {
    return new ReuploadError("disk-full", `The disk is full: ${messageOf(thrown)}`, { cause: thrown });
  }
  return new ReuploadError("internal", `Internal error: ${messageOf(thrown)}`, { cause: thrown });
}
