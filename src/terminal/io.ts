import type { Surroundings } from "../surroundings/surroundings.ts";
import { redact } from "../core/secret.ts";
import { printable } from "./printable.ts";

/** The process's surroundings, given to every command; nothing else touches the terminal or the environment. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Time and chance. */
  readonly surroundings: Surroundings;
  /** Working folder. */
  readonly cwd: string;
  /** Whether nothing more can be written to stdout: its reader has gone (`| head`), or its disk is full. */
  readonly isStdoutClosed: () => boolean;
  /** What a result could not be written for, other than a reader that has gone; undefined when all is well. */
  readonly stdoutError: () => Error | undefined;
}

/** Writes lines for people to stdout: nothing in them is secret or moves the cursor. */
export async function printLines(io: Io, lines: readonly string[]): Promise<void> {
  await writeLines(
    io,
    lines.map((line) => printable(redact(line))),
  );
}

/** Writes a line for people to one of the two streams, without waiting; the same holds for it. */
export function printLine(stream: Pick<NodeJS.WriteStream, "write">, line: string): void {
  stream.write(`${printable(redact(line))}\n`);
}

/**
 * Writes lines of data (CSV, JSON, commands) to stdout as they are, and waits until a slow reader has taken them, so
 * that memory stays flat.
 */
export async function writeLines(io: Io, lines: Iterable<string>): Promise<void> {
  let text = "";
  for (const line of lines) text += `${line}\n`;
  await writeText(io, text);
}

/** The same for text that has its line ends. */
export async function writeText(io: Io, text: string | Uint8Array): Promise<void> {
  if (io.isStdoutClosed() || text.length === 0 || io.stdout.write(text)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ["drain", "error", "close"] as const;
  for (const event of events) io.stdout.once(event, resolve);
  await promise;
  for (const event of events) io.stdout.off(event, resolve);
}
