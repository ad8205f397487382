/** `reupload run`: the main job. */
import { resolveOne } from "../config/config.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { runFiles } from "../job/command-files.ts";
import { runCsv } from "../job/run-csv.ts";
import type { Io } from "../terminal/io.ts";
import { wordResume } from "./next-command.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import { packageVersion } from "./version.ts";

/**
 * Runs or resumes; everything it has to say goes through a reporter.
 *
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  const work = async (session: Session) =>
    runCsv(session, {
      given: session.given,
      claim: session.claim,
      resumeCommand: wordResume(io),
      tool: packageVersion(),
    });
  return inSession(flags, io, work, {
    files: runFiles,
    // What comes by stdin are rows, not keys.
    hasKeys: (given) => resolveOne(given, "csv") !== "-",
  });
}
