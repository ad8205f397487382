/** `reupload announce`: announces what is in the target and was not announced. */
import type { ExitCode } from "../core/exit-codes.ts";
import { announce as announceFiles } from "../job/announce.ts";
import { stateAndConfigFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { commandLine } from "../terminal/shell.ts";
import { resumeCommand } from "./run.ts";
import { inSession, type RunFlags, type Session, type StopWords } from "./session.ts";

const WORDS: StopWords = {
  stops: "stopping, no announcement is in flight",
  finishes: "finishing the announcements in flight, starting no new ones",
  left: "stopped before the first announcement: run the same command again",
};

/** @returns the exit code; errors that end it are told, not thrown */
export async function announce(flags: RunFlags, all: boolean, io: Io): Promise<ExitCode> {
  const work = async (session: Session) =>
    announceFiles(session, {
      given: session.given,
      all,
      announceCommand: (stateDb, queue) => announceCommand(stateDb, all, queue),
      resumeCommand,
    });
  return inSession(flags, io, work, { words: WORDS, files: stateAndConfigFiles });
}

/** The command that sends what is left. */
function announceCommand(stateDb: string, all: boolean, queue: string | undefined): string {
  const words = ["reupload", "announce"];
  if (stateDb !== "reupload_state.db") words.push("--state-db", stateDb);
  if (all) words.push("--all");
  if (queue !== undefined) words.push("--queue", queue);
  return commandLine(words);
}
