import type { Environment } from "../config/config.ts";
import { trimEnvironment } from "../config/environment.ts";
import { REAL_SURROUNDINGS, spellOutProxy } from "../job/process.ts";
import type { Io } from "../terminal/io.ts";

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
    surroundings: REAL_SURROUNDINGS,
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
