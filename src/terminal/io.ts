import { spellOutProxy } from "../azure/wire/proxy-variables.ts";
import type { Environment } from "../config/config.ts";
import { redact } from "../core/secret.ts";
import { printable } from "./printable.ts";
import { trimEnvironment } from "../config/environment.ts";

/** The process's surroundings, given to every command; nothing else touches the terminal or the environment. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Environment;
  /** Working folder. */
  readonly cwd: string;
  /** Whether nothing more can be written to stdout: its reader has gone (`| head`), or its disk is full. */
  readonly isStdoutClosed: () => boolean;
  /** What a result could not be written for, other than a reader that has gone; undefined when all is well. */
  readonly stdoutError: () => Error | undefined;
}

/** The process's own. A reader that goes early ends the printing, not the command. */
export function processIo(): Io {
  let isStdoutClosed = false;
  let stdoutError: Error | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    isStdoutClosed = true;
    if (error.code !== "EPIPE") stdoutError ??= error;
  });
  // There is no place left to tell about it, and it is no reason to end a run.
  process.stderr.on("error", () => {});
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: environment(),
    cwd: process.cwd(),
    isStdoutClosed: () => isStdoutClosed,
    stdoutError: () => stdoutError,
  };
}

/** The process's environment, as all who read it should find it. */
function environment(): Environment {
  const env = trimEnvironment(process.env);
  spellOutProxy(env);
  return env;
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
