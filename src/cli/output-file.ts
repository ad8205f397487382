/** A result that a command writes to a file that an option names, or to stdout. */
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { refuseOverlap } from "../files/overlap.ts";
import { absolutePath } from "../job/states.ts";
import { STATE_COMPANION_ENDINGS, STATES } from "../state/wiring.ts";
import { type Io, printLine, writeText } from "../terminal/io.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { listenForStop } from "./stop-signals.ts";

/** Where the work puts its text. */
export interface Sink {
  readonly write: (text: string | Uint8Array) => Promise<void>;
  /** Nobody reads any more. */
  readonly isLeft: () => boolean;
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
}

export interface Output {
  /** Such as `--out`. */
  readonly option: string;
  /** A path, or `-` for stdout. */
  readonly out: string;
}

/**
 * Makes sure that no output is written over a state that is read, or over another output.
 *
 * @param states as they were given
 * @throws ReuploadError `usage`
 */
export function checkOutputs(outputs: readonly Output[], states: readonly string[], io: Io): void {
  const read = states.flatMap((path) => STATES.files(absolutePath(path, io)));
  const written = outputs.filter(({ out }) => out !== "-");
  if (outputs.length - written.length > 1) {
    throw new ReuploadError("usage", "Only one output can go to stdout.", {
      advice: "Give a file for the others.",
    });
  }
  refuseOverlap([
    { option: "--state-db", paths: read, use: "read" },
    ...written.map(
      ({ option, out }) => ({ option, paths: [absolutePath(out, io)], use: "written" }) as const,
    ),
  ]);
}

/**
 * Lets `work` write to the file, which takes its place as a whole when the work is done. To stdout it goes at once.
 *
 * @returns what `work` gives; the code of the signal that ended it, which is told
 * @throws ReuploadError what `work` throws, `output-unwritable`
 */
export async function writingTo(
  out: string,
  io: Io,
  work: (sink: Sink) => Promise<ExitCode>,
): Promise<ExitCode> {
  const isStdout = out === "-";
  const stop = listenForStop();
  const { signal } = stop;
  try {
    if (isStdout) {
      return await work({ write: (text) => writeText(io, text), isLeft: io.isStdoutClosed, signal });
    }
    await using file = await ResultFile.create(out, io, STATE_COMPANION_ENDINGS);
    const code = await work({ write: (text) => file.write(text), isLeft: () => false, signal });
    await file.publish();
    return code;
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped === undefined || thrown !== stopped) throw thrown;
    const left = isStdout ? "what was printed is not complete" : `${out} is not written`;
    printLine(io.stderr, `${stopped.why}: stopped, ${left}`);
    return stopped.exitCode;
  } finally {
    stop.dispose();
  }
}
