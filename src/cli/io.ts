import type { Environment } from "../config/config.ts";

/** The process's surroundings, given to every command; nothing else touches the terminal or the environment. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Environment;
  /** Working folder. */
  readonly cwd: string;
  /** Whether the reader of stdout has gone (`reupload partitions ... | head`). */
  readonly isStdoutClosed: () => boolean;
}

/** The process's own. A reader that goes early ends the printing, not the command. */
export function processIo(): Io {
  let isStdoutClosed = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    isStdoutClosed = true;
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    isStdoutClosed: () => isStdoutClosed,
  };
}

/** Writes the lines and waits until a slow reader has taken them, so that memory stays flat. */
export async function writeLines(io: Io, lines: Iterable<string>): Promise<void> {
  if (io.isStdoutClosed()) return;
  let text = "";
  for (const line of lines) text += `${line}\n`;
  if (text === "" || io.stdout.write(text)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ["drain", "error", "close"] as const;
  for (const event of events) io.stdout.once(event, resolve);
  await promise;
  for (const event of events) io.stdout.off(event, resolve);
}
