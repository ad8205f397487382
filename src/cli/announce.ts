/** `reupload announce`: announces what is in the target and was not announced. */
import type { ExitCode } from "../core/exit-codes.ts";
import { announce as announceFiles } from "../job/announce.ts";
import { stateAndConfigFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { wordCommand, wordResume } from "./next-command.ts";
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
      announceCommand: (stateDb, queue) => wordCommand(announceWords(stateDb, all, queue), io),
      resumeCommand: wordResume(io),
    });
  return inSession(flags, io, work, { words: WORDS, files: stateAndConfigFiles });
}

/** The command that sends what is left. */
function announceWords(stateDb: string, all: boolean, queue: string | undefined): string[] {
  const words = ["reupload", "announce"];
  if (stateDb !== "reupload_state.db") words.push("--state-db", stateDb);
  if (all) words.push("--all");
  if (queue !== undefined) words.push("--queue", queue);
  return words;
}
