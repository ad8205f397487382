/** `reupload upload`: local files to the target and the queue, as one work item's, without a CSV. */
import { hash } from "node:crypto";
import { existsSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Catalog } from "../catalog/catalog.ts";
import { type GivenPaths, openPaths, pathsIdentity } from "../catalog/paths/paths.ts";
import { flagWord, type Given, keptSettings, resolve, resolveOne } from "../config/config.ts";
import {
  RUN_OPTION_NAMES,
  RUN_OPTIONS,
  type RunOptionName,
  type RunSettings,
} from "../config/run-options.ts";
import { UPLOAD_OPTION_NAMES } from "../config/upload-options.ts";
import { CsvDigest } from "../core/csv-digest.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { nameProblem, parseNameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { InputReader } from "../state/state-kind.ts";
import type { RunRecord } from "../state/run-record.ts";
import { STATES } from "../state/wiring.ts";
import { commandLine } from "../terminal/shell.ts";
import type { CatalogSource } from "../job/catalogs.ts";
import { commandFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { resumeAdvice, run, type RunRequest } from "../job/run.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";
import { packageVersion } from "./version.ts";

export interface UploadRequest {
  readonly paths: readonly string[];
  readonly workItemName: string;
  readonly jobId: string | undefined;
  readonly workItemId: string | undefined;
  readonly flags: RunFlags;
}

/**
 * Uploads, or goes on with an upload; everything it has to say goes through a reporter.
 *
 * @returns the exit code; errors that end it are told, not thrown
 */
export async function upload(request: UploadRequest, io: Io): Promise<ExitCode> {
  const isDryRun = request.flags.dryRun === "true";
  const { flags } = request;
  const work = async (session: Session): Promise<ExitCode> => {
    const job = await describeUpload(session, request);
    const exitCode = await run(session, job);
    if (exitCode === EXIT.done && !isDryRun && flags.stateDb === undefined) forget(session.path(job.stateDb));
    return exitCode;
  };
  // A dry run is asked for its list of names.
  return inSession(flags, io, work, {
    tellsFiles: isDryRun,
    files: (given, path) =>
      commandFiles({ config: resolveOne(given, "config"), stateDb: flags.stateDb }, path),
  });
}

/** The job that paths, options and the state describe; the paths are looked at. @throws ReuploadError */
async function describeUpload(session: Session, request: UploadRequest): Promise<RunRequest> {
  const { flags } = request;
  checkFlags(request);
  const own = uploadOptions(session.given, flags);
  const given: GivenPaths = {
    workItem: describeWorkItem(request),
    paths: request.paths,
    folder: session.io.cwd,
  };
  const stateDb = flags.stateDb ?? defaultState(given, resolve(own, {}));
  const found = (await STATES.inspect(session.path(stateDb)))?.run;
  const resumeCommand = commandAgain(request);
  if (found !== undefined && flags.stateDb !== undefined && flags.resume !== "true") {
    throw new ReuploadError("state-exists", `The state ${stateDb} holds an upload or a run.`, {
      advice: resumeAdvice(resumeCommand),
    });
  }
  const resolved = resolve(own, found?.settings ?? {});
  const settings: RunSettings = {
    ...resolved,
    // The state's name tells that it is this upload's.
    resume: true,
    workitemWorkers: 1,
    // There is one work item: workers are its files at once.
    ...(isByWorkers(own, found) ? { concurrency: resolved.fileWorkers } : {}),
  };
  checkName(given.workItem, settings);
  const leftOut = new OwnFiles(session, stateDb);
  const catalog = pathsSource({ ...given, isLeftOut: (path) => leftOut.isLeftOut(path) }, session.signal);
  await catalog.check();
  leftOut.tell(session);
  return {
    tool: packageVersion(),
    settings,
    stateDb,
    found,
    catalog,
    input: () => oneWorkItem(given.workItem),
    kept: keptSettings(own, found?.settings ?? {}, (path) => session.path(path)),
    resumeCommand,
  };
}

/** @throws ReuploadError `usage`, `bad-option` */
function checkFlags({ paths, flags }: UploadRequest): void {
  // As a path it would be the working folder: nobody means that by a variable that is not set.
  if (paths.some((path) => path.trim() === "")) {
    throw new ReuploadError("usage", "A path is empty.", {
      advice: "Is a variable of the shell not set? The working folder is given as a dot.",
    });
  }
  if (flags.resume === "true" && flags.stateDb === undefined) {
    throw new ReuploadError("bad-option", "--resume is given without --state-db.", {
      advice: "Leave it out: the same command again goes on by itself. Or give the state with --state-db.",
    });
  }
}

/** The upload's own state and log in a folder that it puts into the target. */
class OwnFiles {
  readonly #own: ReadonlySet<string>;
  readonly #met = new Set<string>();

  constructor({ given, path }: Session, stateDb: string) {
    const logFile = resolveOne(given, "logFile");
    const files = [...STATES.files(path(stateDb))];
    if (logFile !== undefined) files.push(path(logFile));
    this.#own = new Set(files.flatMap((file) => [file, withoutLinks(file)]));
  }

  isLeftOut(path: string): boolean {
    if (!this.#own.has(path)) return false;
    this.#met.add(path);
    return true;
  }

  tell({ notice }: Session): void {
    if (this.#met.size === 0) return;
    notice("info", `left out, as they are the upload's own: ${[...this.#met].join(", ")}`);
  }
}

/** Its folder's links followed; the file need not be there. */
function withoutLinks(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

function isByWorkers(own: Given, found: RunRecord | undefined): boolean {
  if (own.has("concurrency") || own.has("fileWorkers")) return !own.has("concurrency");
  return found?.settings["fileWorkers"] !== undefined && found.settings["concurrency"] === undefined;
}

/** What configuration and environment say about options that an upload has not is a run's alone, its state too. */
function uploadOptions(given: Given, flags: RunFlags): Given {
  return new Map(
    UPLOAD_OPTION_NAMES.flatMap((name) => {
      const value = given.get(name);
      const isRuns = (name === "stateDb" || name === "resume") && flags[name] === undefined;
      return value === undefined || isRuns ? [] : [[name, value] as const];
    }),
  );
}

/** Ids that stay the same when the command is given again. @throws ReuploadError `bad-option` */
function describeWorkItem({
  workItemName,
  jobId = "upload",
  workItemId = workItemName,
}: UploadRequest): WorkItem {
  for (const [flag, value] of [
    ["--work-item-name", workItemName],
    ["--job-id", jobId],
    ["--work-item-id", workItemId],
  ] as const) {
    if (value.trim() === "") throw new ReuploadError("bad-option", `${flag} is empty.`);
  }
  return { jobId, workItemId, workItemName };
}

/** @throws ReuploadError `bad-option` when no file could have a name, whatever its own */
function checkName(workItem: WorkItem, { nameTemplate }: RunSettings): void {
  const problem = nameProblem(parseNameTemplate(nameTemplate).render(workItem, "a"));
  if (problem === undefined) return;
  throw new ReuploadError("bad-option", `--work-item-name gives no usable blob name: ${problem}.`, {
    advice: "Blob names are made from it by --name-template; give another.",
  });
}

/** Another upload has another state; the same one finds its own again. */
function defaultState({ workItem, ...given }: GivenPaths, settings: RunSettings): string {
  const { target = "", targetContainer, queue, announce, nameTemplate } = settings;
  const facts = [target, targetContainer, announce ? queue : "", nameTemplate, pathsIdentity(given)];
  const text = [...facts, workItem.jobId, workItem.workItemId, workItem.workItemName].join("\0");
  return `reupload_upload_${hash("sha256", text, "hex").slice(0, 12)}.db`;
}

/**
 * Removes the state of an upload that is done, and its lock file: of two same uploads that are started at this very
 * moment both may go on then, and announce twice at worst.
 */
function forget(statePath: string): void {
  STATES.discard(statePath);
  for (const file of STATES.files(statePath)) rmSync(file, { force: true });
}

/** The same command, which goes on; `--state-db` needs `--resume` for that. */
function commandAgain({ paths, workItemName, jobId, workItemId, flags }: UploadRequest): string {
  const again: RunFlags = flags.stateDb === undefined ? flags : { ...flags, resume: "true" };
  const words = ["--work-item-name", workItemName];
  if (jobId !== undefined) words.push("--job-id", jobId);
  if (workItemId !== undefined) words.push("--work-item-id", workItemId);
  for (const name of RUN_OPTION_NAMES) {
    if (name !== "dryRun") words.push(...optionWords(name, again[name]));
  }
  return commandLine(["reupload", "upload", ...paths, ...words]);
}

function optionWords(name: RunOptionName, value: string | undefined): string[] {
  const isNegative = RUN_OPTIONS[name].flag.startsWith("--no-");
  // What was not given, and the switches that are on until they are given.
  if (value === undefined || (isNegative && value === "true")) return [];
  if (name === "retryFailed" && value === "false") return ["--no-retry-failed"];
  return value === "true" || isNegative ? [flagWord(name)] : [flagWord(name), value];
}

function oneWorkItem(workItem: WorkItem): InputReader {
  return {
    async read(take) {
      const digest = new CsvDigest();
      digest.add(workItem);
      const ours = take([workItem]);
      const counts = { rows: 1, ours, duplicates: 0, rejected: 0, otherPartitions: 0 };
      return { csvDigest: digest.toString(), counts };
    },
  };
}

function pathsSource(given: GivenPaths, signal: AbortSignal): CatalogSource {
  let catalog: Catalog | undefined;
  return {
    kind: "paths",
    identity: pathsIdentity(given),
    hasLocalFiles: true,
    async check() {
      catalog = await openPaths(given, signal);
    },
    open: async () => catalog ?? openPaths(given, signal),
  };
}
