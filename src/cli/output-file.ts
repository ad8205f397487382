/** A result that a command writes to a file that an option names, or to stdout. */
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
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

/** A place, and which names belong to states (`checkOutputs`). */
export interface Output {
  readonly out: string;
  readonly companions: readonly string[];
}

/**
 * Lets `work` write to the file, which takes its place as a whole when the work is done. To stdout it goes at once.
 *
 * @returns what `work` gives; the code of the signal that ended it, which is told
 * @throws ReuploadError what `work` throws, `output-unwritable`
 */
export async function writingTo(
  { out, companions }: Output,
  io: Io,
  work: (sink: Sink) => Promise<ExitCode>,
): Promise<ExitCode> {
  const isStdout = out === "-";
  const stop = listenForStop(io);
  const { signal } = stop;
  try {
    if (isStdout) {
      return await work({ write: (text) => writeText(io, text), isLeft: io.isStdoutClosed, signal });
    }
    await using file = await ResultFile.create(out, io, companions);
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

/**
 * Writes one result in several forms, and tells each file that is written.
 *
 * @param companions as `checkOutputs` gives them
 * @returns 0, or the code of the signal that ended it. @throws as `writingTo`
 */
export async function writeForms<Form extends string>(
  forms: readonly { readonly form: Form; readonly out: string }[],
  companions: readonly string[],
  io: Io,
  write: (form: Form, sink: Sink) => Promise<void>,
): Promise<ExitCode> {
  for (const { form, out } of forms) {
    const code = await writingTo({ out, companions }, io, async (sink) => {
      await write(form, sink);
      return EXIT.done;
    });
    if (code !== EXIT.done) return code;
    if (out !== "-") printLine(io.stderr, `written: ${out}`);
  }
  return EXIT.done;
}
