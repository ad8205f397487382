/** `reupload verify`: whether the target holds what it should. */
import type { Given } from "../config/config.ts";
import { partSize } from "../config/values.ts";
import { errorMessageText, ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { commandFiles } from "../job/command-files.ts";
import { verify as startVerify } from "../job/verify.ts";
import { openVerifyRequest } from "../job/verify-request.ts";
import { STATE_COMPANION_ENDINGS } from "../state/wiring.ts";
import type { Io } from "../terminal/io.ts";
import { ResultFile } from "../terminal/result-file.ts";
import { commandLine } from "../terminal/shell.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";
import { resolveOne } from "../config/config.ts";
import { STATES } from "../state/wiring.ts";

export interface VerifyFlags {
  readonly stateDb?: readonly string[];
  readonly deep?: true;
  readonly sample?: string;
  readonly exportMissing?: string;
  readonly repair?: true;
  readonly restart?: true;
}

const WORDS: StopWords = {
  stops: "stopping; the same command goes on from here",
  left: "stopped before the first work item: run the same command again",
};

/** @returns the exit code; errors that end it are told, not thrown @param words of the command line, for what to do next */
export async function verify(
  flags: RunFlags,
  own: VerifyFlags,
  io: Io,
  words: readonly string[],
): Promise<ExitCode> {
  return inSession(flags, io, async (session) => inFile(session, own, words), {
    words: WORDS,
    files: (given, path) => usedFiles(given, own, path),
  });
}

/** With the file of `--export-missing` open; it takes its place when the verification came to its end. */
async function inFile(session: Session, own: VerifyFlags, words: readonly string[]): Promise<ExitCode> {
  const { exportMissing, stateDb = [], deep = false, repair = false, restart = false } = own;
  const sample = own.sample === undefined ? undefined : parseSample(own.sample);
  const given = { stateDbs: stateDb, deep, sample, repair, restart };
  using open = await openVerifyRequest(session, session.given, given, session.io);
  const file =
    exportMissing === undefined
      ? undefined
      : await ResultFile.create(exportMissing, session.io, STATE_COMPANION_ENDINGS);
  await using _file = file;
  const exitCode = await startVerify(session, {
    ...open.request,
    exportMissing: file && (async (text) => file.write(text)),
    commands: commands(words, stateDb),
  });
  if (session.control.stopRequest === undefined) await file?.publish();
  return exitCode;
}

function commands(words: readonly string[], stateDb: readonly string[]) {
  const again = words.filter((word) => word !== "--restart");
  return {
    again: commandLine(["reupload", ...again]),
    repair: commandLine(["reupload", ...again, "--repair"]),
    resume: stateDb.map((path) => commandLine(["reupload", "run", "--resume", "--state-db", path])),
  };
}

function parseSample(text: string) {
  try {
    return partSize(text);
  } catch (thrown) {
    throw new ReuploadError("bad-option", `--sample: ${errorMessageText(thrown)}, got "${text}"`);
  }
}

function usedFiles(
  given: Given,
  { stateDb = [], exportMissing }: VerifyFlags,
  path: (path: string) => string,
) {
  const named = {
    csv: resolveOne(given, "csv"),
    files: resolveOne(given, "files"),
    kustoQuery: resolveOne(given, "kustoQuery"),
    config: resolveOne(given, "config"),
  };
  return [
    ...commandFiles(named, path),
    { option: "--state-db", paths: stateDb.flatMap((one) => STATES.files(path(one))), use: "read" as const },
    ...(exportMissing === undefined || exportMissing === "-"
      ? []
      : [{ option: "--export-missing", paths: [path(exportMissing)], use: "written" as const }]),
  ];
}
