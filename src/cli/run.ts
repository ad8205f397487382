/** `reupload run`: the main job. */
import { keptSettings, resolve, resolveOne } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { partitionInput } from "../input/partition-input.ts";
import { inspectState } from "../state/sqlite/inspect.ts";
import type { RunRecord } from "../state/state-store.ts";
import { commandLine } from "../terminal/shell.ts";
import { catalogSource } from "./catalogs.ts";
import type { Io } from "./io.ts";
import { checkCsv } from "./run-inputs.ts";
import { type Job, resumeAdvice, runJob } from "./run-job.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";

/**
 * Runs or resumes; everything it has to say goes through a reporter.
 *
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  return inSession(flags, io, async (session) => runJob(session, await describeRun(session)));
}

/** The job that the options and the state describe; its inputs are looked at. @throws ReuploadError */
async function describeRun(session: Session): Promise<Job> {
  const { given, path } = session;
  const stateDb = resolveOne(given, "stateDb");
  const found = await inspectState(path(stateDb));
  if (found !== undefined && !resolveOne(given, "resume")) throw stateExists(found, stateDb);
  const settings = resolve(given, found?.settings ?? {});
  const csv = await checkCsv(settings, {
    path,
    // Kept in the state: it may be gone.
    isNeeded: found === undefined || given.has("csv"),
    signal: session.signal,
  });
  const catalog = catalogSource(settings, path, session.io.env);
  await catalog.check();
  if (csv === undefined) {
    const message = `the CSV (${settings.csv}) is not at hand: its rows are taken as they stand in the state`;
    session.notice("warning", message);
  }
  return {
    settings,
    stateDb,
    found,
    catalog,
    input:
      csv === undefined
        ? undefined
        : ({ partition, totalPartitions }, rejectedPath) =>
            partitionInput({
              source: csv === "-" ? { path: csv, bytes: session.io.stdin } : { path: csv },
              partition,
              totalPartitions,
              rejectedPath,
              warn: (message) => session.notice("warning", message),
              signal: session.signal,
            }),
    kept: keptSettings(given, found?.settings ?? {}, path),
    resumeCommand: resumeCommand(stateDb),
  };
}

/** The command that goes on with this state; its settings are kept there. */
export function resumeCommand(stateDb: string): string {
  const words = ["reupload", "run", "--resume"];
  return commandLine(stateDb === "reupload_state.db" ? words : [...words, "--state-db", stateDb]);
}

function stateExists(found: RunRecord, stateDb: string): ReuploadError {
  const since = new Date(found.createdAt).toISOString();
  return new ReuploadError("state-exists", `The state ${stateDb} holds a run, started ${since}.`, {
    advice: resumeAdvice(resumeCommand(stateDb)),
  });
}
