import { createReadStream } from "node:fs";
import { addAbortSignal, Readable } from "node:stream";
import { messageOf, ReuploadError, systemCodeOf } from "../core/errors.ts";
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
  try {
    yield* addAbortSignal(signal, open(source)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal.throwIfAborted();
    const reason = REASONS[systemCodeOf(error) ?? ""] ?? messageOf(error);
    throw new ReuploadError("csv-unreadable", `cannot read ${sourceName(source)}: ${reason}`, {
      cause: error,
    });
  }
}

function open(source: InputSource): Readable {
  if (source.bytes !== undefined) return Readable.from(source.bytes);
  return source.path === "-" ? process.stdin : createReadStream(source.path);
}
