import { messageOf, ReuploadError, systemCodeOf } from "../core/errors.ts";

/** Whether the file system says that there is no space left. */
export function isDiskFull(thrown: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(systemCodeOf(thrown) ?? "");
}

/** Anything thrown while `path` was written, as `disk-full` or `output-unwritable`; a ReuploadError stays what it is. */
export function toWriteError(thrown: unknown, path: string): ReuploadError {
  if (thrown instanceof ReuploadError) return thrown;
  return new ReuploadError(
    isDiskFull(thrown) ? "disk-full" : "output-unwritable",
    `cannot write ${path}: ${messageOf(thrown)}`,
    { cause: thrown },
  );
}
