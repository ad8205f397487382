import { isDiskFull, errorMessageText, ReuploadError } from "../core/errors.ts";

/** Anything thrown while `path` was written, as `disk-full` or `output-unwritable`; a ReuploadError stays what it is. */
export function toWriteError(thrown: unknown, path: string): ReuploadError {
  if (thrown instanceof ReuploadError) return thrown;
  return new ReuploadError(
    isDiskFull(thrown) ? "disk-full" : "output-unwritable",
    `cannot write ${path}: ${errorMessageText(thrown)}`,
    { cause: thrown },
  );
}
