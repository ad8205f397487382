/** Runs the work items of a CSV, or goes on with a state that holds them: finds out what the options and the state ask for. */
import { type Given, keptSettings, resolve, resolveOne } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { partitionInput } from "../input/partition-input.ts";
import type { RunRecord } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import { catalogSource } from "./catalogs.ts";
import { commandFiles, type UsedFiles } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import { resumeAdvice, run } from "./run.ts";
import type { RunRequest } from "./run-request.ts";
import { checkCsv } from "./run-inputs.ts";
import type { StateRequest } from "./start.ts";

/** What the operator asks for. */
export interface RunOrder {
  readonly given: Given;
  /**
   * Takes files that the run turns out to use, because the state keeps their options; called before anything is told.
   *
   * @throws ReuploadError `usage` as `refuseOverlap`
   */
  readonly claim: (files: readonly UsedFiles[]) => void;
  /** Words the command that continues this run. */
  readonly resumeCommand: (stateDb: string) => string;
  /** Version of this tool. */
  readonly tool: string;
}

/** @returns the exit code. @throws what ends the run before its first file: ReuploadError, StopRequest */
export async function runCsv(context: JobContext, order: RunOrder): Promise<ExitCode> {
  return run(context, await describeRun(context, order));
}

/** The run that the options and the state describe; its inputs are looked at. @throws ReuploadError */
async function describeRun(context: JobContext, order: RunOrder): Promise<RunRequest> {
  const { path, signal, notice } = context;
  const { given } = order;
  const stateDb = resolveOne(given, "stateDb");
  const resumeCommand = order.resumeCommand(stateDb);
  const found = (await STATES.inspect(path(stateDb)))?.run;
  if (found !== undefined && !resolveOne(given, "resume")) throw stateExists(found, stateDb, resumeCommand);
  const settings = resolve(given, found?.settings ?? {});
  // Those that the state keeps, too.
  order.claim(
    commandFiles({ ...settings, logFile: undefined, metricsFile: undefined, config: undefined }, path),
  );
  if (found !== undefined) await tellCopy(context, stateDb);
  // Kept in the state: it may be gone.
  const isNeeded = found === undefined || given.has("csv");
  const csv = await checkCsv(settings, { path, isNeeded, signal });
  const catalog = catalogSource(settings, path, context.env);
  await catalog.check();
  if (csv === undefined) {
    notice(
      "warning",
      `the CSV (${settings.csv}) does not exist any more: the run takes its rows from the state`,
    );
  }
  return {
    settings,
    stateDb,
    found,
    catalog,
    input: csv === undefined ? undefined : csvInput(csv, context),
    kept: keptSettings(given, found?.settings ?? {}, path),
    resumeCommand,
    tool: order.tool,
  };
}

/** @param csv path, or `-` for stdin */
function csvInput(csv: string, { stdin, notice, signal }: JobContext): NonNullable<StateRequest["input"]> {
  return ({ partition, totalPartitions }, rejectedPath) =>
    partitionInput({
      source: csv === "-" ? { path: csv, bytes: stdin } : { path: csv },
      partition,
      totalPartitions,
      rejectedPath,
      warn: (message) => notice("warning", message),
      signal,
    });
}

/** A resume from a copy that lacks its log does again what the original has done since. */
async function tellCopy({ path, notice }: JobContext, stateDb: string): Promise<void> {
  const reader = await STATES.read(path(stateDb));
  const { writer } = await reader.read();
  reader.close();
  if (writer.kind !== "died" || writer.copy !== "without-log") return;
  const message = `the last process of ${stateDb} did not write its end, and the log (-wal) is gone: it was copied without its log while in use, its disk was full, or the machine lost its power; what it had not saved is done again`;
  notice("warning", message);
}

function stateExists(found: RunRecord, stateDb: string, resumeCommand: string): ReuploadError {
  const since = new Date(found.createdAt).toISOString();
  return new ReuploadError("state-exists", `The state ${stateDb} holds a run, started ${since}.`, {
    advice: resumeAdvice(resumeCommand),
  });
}
