/** `reupload run`: the main job. */
import { type Given, keptSettings, resolve, resolveOne } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { UsedFiles } from "../files/overlap.ts";
import { partitionInput } from "../input/partition-input.ts";
import { STATES } from "../state/wiring.ts";
import type { RunRecord } from "../state/run-record.ts";
import { commandLine } from "../terminal/shell.ts";
import { catalogSource } from "../job/catalogs.ts";
import { commandFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { checkCsv } from "../job/run-inputs.ts";
import { resumeAdvice, run as startRun, type RunRequest } from "../job/run.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import { packageVersion } from "./version.ts";

/**
 * Runs or resumes; everything it has to say goes through a reporter.
 *
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function run(flags: RunFlags, io: Io): Promise<ExitCode> {
  return inSession(flags, io, async (session) => startRun(session, await describeRun(session)), {
    files: runFiles,
    // What comes by stdin are rows, not keys.
    hasKeys: (given) => resolveOne(given, "csv") !== "-",
  });
}

/** The job that the options and the state describe; its inputs are looked at. @throws ReuploadError */
async function describeRun(session: Session): Promise<RunRequest> {
  const { given, path } = session;
  const stateDb = resolveOne(given, "stateDb");
  const found = (await STATES.inspect(path(stateDb)))?.run;
  if (found !== undefined && !resolveOne(given, "resume")) throw stateExists(found, stateDb);
  const settings = resolve(given, found?.settings ?? {});
  // Those that the state keeps, too.
  session.claim(
    commandFiles({ ...settings, logFile: undefined, metricsFile: undefined, config: undefined }, path),
  );
  if (found !== undefined) await tellCopy(session, stateDb);
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
              source: csv === "-" ? { path: csv, bytes: session.stdin } : { path: csv },
              partition,
              totalPartitions,
              rejectedPath,
              warn: (message) => session.notice("warning", message),
              signal: session.signal,
            }),
    kept: keptSettings(given, found?.settings ?? {}, path),
    resumeCommand: resumeCommand(stateDb),
    tool: packageVersion(),
  };
}

/** The files of a run that its options name. */
export function runFiles(given: Given, path: (path: string) => string): readonly UsedFiles[] {
  return commandFiles(
    {
      csv: resolveOne(given, "csv"),
      files: resolveOne(given, "files"),
      kustoQuery: resolveOne(given, "kustoQuery"),
      config: resolveOne(given, "config"),
      stateDb: resolveOne(given, "stateDb"),
      emulator: resolveOne(given, "emulator"),
      metricsFile: resolveOne(given, "metricsFile"),
    },
    path,
  );
}

/** A resume from a copy that lacks its log does again what the original has done since. */
async function tellCopy({ path, notice }: Session, stateDb: string): Promise<void> {
  const reader = await STATES.read(path(stateDb));
  const { writer } = await reader.read();
  reader.close();
  if (writer.kind !== "died" || writer.copy !== "without-log") return;
  const message = `${stateDb} was in use when it was copied without its log (-wal), or the machine lost its power: what was done last is not in it, and is done again`;
  notice("warning", message);
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
