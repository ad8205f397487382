import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { errorMessageText, ReuploadError, systemErrorCode } from "../core/errors.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { InputSource } from "./input.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** How the source is called in messages. */
export function sourceName(source: InputSource): string {
  return source.path === "-" ? "standard input" : source.path;
}

/**
 * The source's bytes as they come. Ends at once when the signal aborts, with the signal's reason.
 *
 * @throws ReuploadError `csv-unreadable`
 */
export async function* readBytes(source: InputSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const bytes = open(source);
  const reader = bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(reader.next(), signal);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    signal.throwIfAborted();
    const reason = REASONS[systemErrorCode(error) ?? ""] ?? errorMessageText(error);
    throw new ReuploadError("csv-unreadable", `cannot read ${sourceName(source)}: ${reason}`, {
      cause: error,
    });
  } finally {
    // Not waited for: a read of a pipe ends when its writer wants it.
    if (bytes instanceof Readable) bytes.destroy();
    else void reader.return?.().catch(() => {});
  }
}

function open(source: InputSource): AsyncIterable<Uint8Array> {
  if (source.bytes !== undefined) return source.bytes;
  return source.path === "-" ? process.stdin : createReadStream(source.path);
}
