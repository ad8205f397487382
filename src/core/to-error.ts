import { isDiskFull, errorMessageText, ReuploadError, systemErrorCode } from "./errors.ts";

/** What Node's permission model says (`node --permission`). */
const FORBIDDEN_BY_NODE = "ERR_ACCESS_DENIED";

/** Anything thrown as an error that can be told in two lines. */
export function toReuploadError(thrown: unknown): ReuploadError {
  if (thrown instanceof ReuploadError) return thrown;
  if (isDiskFull(thrown)) {
    return new ReuploadError("disk-full", `The disk is full: ${errorMessageText(thrown)}`, { cause: thrown });
  }
  if (systemErrorCode(thrown) === FORBIDDEN_BY_NODE) {
    const message = `Node's permission model (--permission) forbids what reupload needs: ${errorMessageText(thrown)}`;
    return new ReuploadError("node-flag", message, { cause: thrown });
  }
  return new ReuploadError("internal", `Internal error: ${errorMessageText(thrown)}`, { cause: thrown });
}
