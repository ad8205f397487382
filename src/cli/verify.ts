/** `reupload verify`: whether the target holds what it should. */
import { partSize } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { verifyFiles, verifyTarget } from "../job/verify-request.ts";
import type { Io } from "../terminal/io.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { wordCommand } from "./next-command.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";

export interface VerifyFlags {
  readonly stateDb?: readonly string[];
  readonly deep?: boolean;
  readonly sample?: string;
  readonly exportMissing?: string;
  readonly repair?: boolean;
  readonly restart?: boolean;
}

const WORDS: StopWords = {
  stops: "stopping; the same command continues from here",
  left: "stopped before the first work item: run the same command again",
};

/**
 * @param words of the command line, for what to do next
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function verify(
  flags: RunFlags,
  { stateDb: stateDbs = [], deep = false, repair = false, restart = false, ...others }: VerifyFlags,
  io: Io,
  words: readonly string[],
): Promise<ExitCode> {
  const { exportMissing } = others;
  const again = ["reupload", ...words.filter((word) => word !== "--restart")];
  const work = async (session: Session) =>
    verifyTarget(session, {
      given: session.given,
      own: { stateDbs, deep, repair, restart, exportMissing, sample: parseSample(others.sample) },
      place: io,
      commands: {
        again: wordCommand(again, io),
        repair: wordCommand(repair ? again : [...again, "--repair"], io),
        resume: (stateDb) => wordCommand(["reupload", "run", "--resume", "--state-db", stateDb], io),
      },
      openOutput: async (out, companions) => ResultFile.create(out, io, companions),
    });
  const files: typeof verifyFiles = (given, path) => verifyFiles(given, path, { stateDbs, exportMissing });
  return inSession(flags, io, work, { words: WORDS, files });
}

function parseSample(text: string | undefined) {
  try {
    return text === undefined ? undefined : partSize(text);
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--sample: ${errorMessageText(thrown)}, got "${text}"`);
  }
}
