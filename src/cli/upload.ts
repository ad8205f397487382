/** `reupload upload`: local files to the target and the queue, as one work item's, without a CSV. */
import { type Given, resolveOne } from "../config/config.ts";
import { flagWords } from "../config/flag-words.ts";
import { UPLOAD_OPTION_NAMES } from "../config/upload-options.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import type { WorkItem } from "../core/work-item.ts";
import { commandFiles } from "../job/command-files.ts";
import { upload as uploadPaths, type UploadRequest } from "../job/upload.ts";
import type { Io } from "../terminal/io.ts";
import { wordCommand } from "./next-command.ts";
import { inSession, type RunFlags, type Session } from "./session.ts";

export interface UploadArguments {
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
export async function upload(request: UploadArguments, io: Io): Promise<ExitCode> {
  const { flags } = request;
  const work = async (session: Session) => uploadPaths(session, describe(session, request));
  return inSession(flags, io, work, {
    // A dry run is asked for its list of names.
    hasKeys: () => true,
    tellsFiles: (given) => resolveOne(given, "dryRun"),
    files: (given, path) =>
      commandFiles(
        {
          config: resolveOne(given, "config"),
          metricsFile: resolveOne(given, "metricsFile"),
          stateDb: flags.stateDb,
        },
        path,
      ),
  });
}

/** @throws ReuploadError `usage`, `bad-option` */
function describe({ given, io }: Session, request: UploadArguments): UploadRequest {
  const { flags, paths } = request;
  checkFlags(request);
  return {
    paths,
    folder: io.cwd,
    workItem: describeWorkItem(request),
    given: uploadOptions(given, flags),
    stateDb: flags.stateDb,
    resume: flags.resume === "true",
    logFile: resolveOne(given, "logFile"),
    resumeCommand: wordCommand(wordsAgain(request), io),
  };
}

/** @throws ReuploadError `usage`, `bad-option` */
function checkFlags({ paths, flags }: UploadArguments): void {
  // As a path it would be the working folder: nobody means that by a variable that is not set.
  if (paths.some((path) => path.trim() === "")) {
    throw new ReuploadError("usage", "A path is empty.", {
      advice: "A variable of the shell may be unset. For the working folder, give a dot.",
    });
  }
  if (flags.resume === "true" && flags.stateDb === undefined) {
    throw new ReuploadError("bad-option", "--resume is given without --state-db.", {
      advice: "Omit --resume: the same command continues by itself. Or give the state with --state-db.",
    });
  }
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
}: UploadArguments): WorkItem {
  for (const [flag, value] of [
    ["--work-item-name", workItemName],
    ["--job-id", jobId],
    ["--work-item-id", workItemId],
  ] as const) {
    if (value.trim() === "") throw new ReuploadError("bad-option", `${flag} is empty.`);
  }
  return { jobId, workItemId, workItemName };
}

/** The same command, which goes on; `--state-db` needs `--resume` for that. */
function wordsAgain({ paths, workItemName, jobId, workItemId, flags }: UploadArguments): string[] {
  const again: RunFlags = flags.stateDb === undefined ? flags : { ...flags, resume: "true" };
  const words = ["--work-item-name", workItemName];
  if (jobId !== undefined) words.push("--job-id", jobId);
  if (workItemId !== undefined) words.push("--work-item-id", workItemId);
  words.push(...flagWords({ ...again, dryRun: undefined }));
  return ["reupload", "upload", ...paths, ...words];
}
