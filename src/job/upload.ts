/** Puts local files into the target as one work item's, without a CSV. It is a run over what paths name. */
import { hash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Catalog } from "../catalog/catalog.ts";
import { type GivenPaths, openPaths, pathsIdentity } from "../catalog/paths/paths.ts";
import { type Given, keptSettings, resolve } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import { describeAttributes } from "../core/blob-attributes.ts";
import { CsvDigest } from "../core/csv-digest.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { nameProblem, parseNameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { RunRecord } from "../state/run-record.ts";
import type { InputReader } from "../state/state-kind.ts";
import { STATES } from "../state/wiring.ts";
import type { CatalogSource } from "./catalogs.ts";
import type { JobContext } from "./context.ts";
import { forgetState } from "./leftovers.ts";
import { resumeAdvice, run } from "./run.ts";
import type { RunRequest } from "./run-request.ts";

/** What is uploaded, and as whose files. */
export interface UploadRequest {
  /** As given; seen from `folder`. */
  readonly paths: readonly string[];
  /** The working folder, absolute. */
  readonly folder: string;
  /** Its ids stay the same when the command is given again. */
  readonly workItem: WorkItem;
  /** The options that are meant for an upload. */
  readonly given: Given;
  /** As it was given; without it the state has a name of its own and is removed once all is done. */
  readonly stateDb: string | undefined;
  /** A state that was given may hold an upload already. */
  readonly resume: boolean;
  /** As it was given. */
  readonly logFile: string | undefined;
  /** The command that goes on with this upload. */
  readonly resumeCommand: string;
}

/**
 * Uploads, or goes on with an upload.
 *
 * @returns the exit code
 * @throws what ends it before its first file: ReuploadError, StopRequest
 */
export async function upload(context: JobContext, request: UploadRequest): Promise<ExitCode> {
  const job = await describeRun(context, request);
  const exitCode = await run(context, job);
  const isLeftover = request.stateDb === undefined && !job.settings.dryRun;
  if (exitCode === EXIT.done && isLeftover) forgetState(context.path(job.stateDb));
  return exitCode;
}

/** The run that paths, options and the state describe; the paths are looked at. @throws ReuploadError */
async function describeRun(context: JobContext, request: UploadRequest): Promise<RunRequest> {
  const { given: own, paths, folder, workItem, resumeCommand } = request;
  const given: GivenPaths = { workItem, paths, folder };
  const stateDb = request.stateDb ?? defaultState(given, resolve(own, {}));
  const found = (await STATES.inspect(context.path(stateDb)))?.run;
  if (found !== undefined && request.stateDb !== undefined && !request.resume) {
    throw new ReuploadError("state-exists", `The state ${stateDb} holds an upload or a run.`, {
      advice: resumeAdvice(resumeCommand),
    });
  }
  const settings = uploadSettings(own, found);
  checkName(workItem, settings);
  const leftOut = new OwnFiles(context, stateDb, request.logFile);
  const catalog = pathsSource({ ...given, isLeftOut: (path) => leftOut.isLeftOut(path) }, context.signal);
  await catalog.check();
  leftOut.tell(context);
  return {
    settings,
    stateDb,
    found,
    catalog,
    input: () => oneWorkItem(workItem),
    kept: keptSettings(own, found?.settings ?? {}, context.path),
    resumeCommand,
  };
}

function uploadSettings(own: Given, found: RunRecord | undefined): RunSettings {
  const resolved = resolve(own, found?.settings ?? {});
  return {
    ...resolved,
    // The state's name tells that it is this upload's.
    resume: true,
    workitemWorkers: 1,
    // There is one work item: workers are its files at once.
    ...(isByWorkers(own, found) ? { concurrency: resolved.fileWorkers } : {}),
  };
}

function isByWorkers(own: Given, found: RunRecord | undefined): boolean {
  if (own.has("concurrency") || own.has("fileWorkers")) return !own.has("concurrency");
  return found?.settings["fileWorkers"] !== undefined && found.settings["concurrency"] === undefined;
}

/** The upload's own state and log in a folder that it puts into the target. */
class OwnFiles {
  readonly #own: ReadonlySet<string>;
  readonly #met = new Set<string>();

  constructor({ path }: JobContext, stateDb: string, logFile: string | undefined) {
    const files = [...STATES.files(path(stateDb))];
    if (logFile !== undefined) files.push(path(logFile));
    this.#own = new Set(files.flatMap((file) => [file, withoutLinks(file)]));
  }

  isLeftOut(path: string): boolean {
    if (!this.#own.has(path)) return false;
    this.#met.add(path);
    return true;
  }

  tell({ notice }: JobContext): void {
    if (this.#met.size === 0) return;
    notice("info", `left out because they belong to this upload: ${[...this.#met].join(", ")}`);
  }
}

/** Its folder's links followed; the file need not be there. */
function withoutLinks(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

/** @throws ReuploadError `bad-option` when no file could have a name, whatever its own */
function checkName(workItem: WorkItem, { nameTemplate }: RunSettings): void {
  const problem = nameProblem(parseNameTemplate(nameTemplate).render(workItem, "a"));
  if (problem === undefined) return;
  throw new ReuploadError("bad-option", `--work-item-name gives no usable blob name: ${problem}.`, {
    advice: "--name-template makes the blob names from it. Give another --work-item-name.",
  });
}

/** Another upload has another state; the same one finds its own again. */
function defaultState({ workItem, ...given }: GivenPaths, settings: RunSettings): string {
  const { target = "", targetContainer, queue, announce, nameTemplate } = settings;
  const facts = [target, targetContainer, announce ? queue : "", nameTemplate, pathsIdentity(given)];
  const attributes = Object.entries(describeAttributes(settings)).flat();
  const names = [workItem.jobId, workItem.workItemId, workItem.workItemName];
  const text = [...facts, ...names, ...attributes].join("\0");
  return `reupload_upload_${hash("sha256", text, "hex").slice(0, 12)}.db`;
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
