/** Questions to the person at the terminal. They go to stderr: stdout is for results. */
import { createInterface } from "node:readline/promises";
import type { Io } from "./io.ts";
import { printLine } from "./io.ts";

export interface Question {
  readonly says: string;
  /** What an empty answer stands for; undefined: an answer is needed. */
  readonly fallback: string | undefined;
  /** @throws RangeError that says what is expected */
  readonly check: (answer: string) => unknown;
}

/**
 * Asks until the answer is one.
 *
 * @throws the signal's reason; Error when stdin ends
 */
export async function ask(io: Io, { says, fallback, check }: Question, signal: AbortSignal): Promise<string> {
  const shown = fallback === undefined ? `${says}: ` : `${says} [${fallback}]: `;
  for (;;) {
    const answer = (await readAnswer(io, shown, signal)).trim() || fallback;
    if (answer === undefined) continue;
    try {
      check(answer);
      return answer;
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      printLine(io.stderr, thrown.message);
    }
  }
}

async function readAnswer(io: Io, shown: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return await lines.question(shown, { signal });
  } finally {
    lines.close();
  }
}
