/** What commands that work for long have in common: a reporter, stop signals, and one way to tell errors. */
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import { collect, type Given, resolveOne } from "../config/config.ts";
import { environmentName, type RunOptionName } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { errorMessage } from "../report/messages.ts";
import { refuseOverlap, type UsedFiles } from "../files/overlap.ts";
import { commandFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { openLog } from "../terminal/log.ts";
import { Reporter } from "../terminal/reporter.ts";
import { sharedSignal } from "../job/shared-signal.ts";
import { isStop, listenForStop, type StopSignals } from "./stop-signals.ts";
import { listenForSuspend } from "./suspend.ts";
import { toReuploadError } from "../core/to-error.ts";

export type RunFlags = Partial<Readonly<Record<RunOptionName, string>>>;

export interface Session {
  readonly given: Given;
  readonly io: Io;
  readonly reporter: Reporter;
  readonly stop: StopSignals;
  /** Ends what comes before the first file: at the first stop signal. */
  readonly signal: AbortSignal;
  /** From now on the first stop signal lets what is under way finish, and this says so. */
  readonly finishes: (what: () => string) => void;
  /** Tells a line that is no result. */
  readonly notice: (level: "info" | "warning", message: string) => void;
  /** The path as seen from the working folder. */
  readonly path: (path: string) => string;
  /**
   * Looks at files that the command turns out to use, besides those that its options name; to be called before anything
   * is told. @throws ReuploadError `usage` as `refuseOverlap`
   */
  readonly claim: (files: readonly UsedFiles[]) => void;
}

interface SessionOptions {
  readonly tellsFiles?: boolean;
  /** What it says when it is stopped. */
  readonly words?: StopWords;
  /** The files that the options name. */
  readonly files?: (given: Given, path: Session["path"]) => readonly UsedFiles[];
}

/** What a command says when it is stopped before anything of its own is under way. */
export interface StopWords {
  /** Told at the signal: what is given up. */
  readonly stops: string;
  /** Told at the end: what is left. */
  readonly left: string;
}

const RUN_WORDS: StopWords = {
  stops: "stopping, no file is in flight",
  left: "stopped before the first file: run the same command again",
};

/** What a run does at the first signal. @param inFlight files in flight then */
export function drainText(inFlight: number): string {
  if (inFlight === 0) return RUN_WORDS.stops;
  return "files in flight are finished, no new ones are taken; once more stops at once";
}

/**
 * Collects the options, and does the work with everything at hand that it needs to talk and to be stopped. With
 * `tellsFiles` each file is told without --verbose, too.
 *
 * @returns the exit code; errors that end the work are told, not thrown
 * @throws ReuploadError what is wrong with the options, before there is a reporter
 */
export async function inSession(
  flags: RunFlags,
  io: Io,
  work: (session: Session) => Promise<ExitCode>,
  { tellsFiles = false, files, words = RUN_WORDS }: SessionOptions = {},
): Promise<ExitCode> {
  const given = collectOrTell(flags, io);
  if (typeof given === "number") return given;
  const verbose = resolveOne(given, "verbose");
  const reporter = openReporter(given, io, verbose || tellsFiles);
  const tellError = (thrown: unknown): ExitCode => {
    const error = toReuploadError(thrown);
    reporter.tell(errorMessage(error, verbose));
    return error.exitCode;
  };
  let grace: number;
  try {
    grace = resolveOne(given, "grace");
  } catch (thrown) {
    return tellError(thrown);
  }
  const notice: Session["notice"] = (level, message) => reporter.tell({ type: "notice", level, message });
  let drains = () => words.stops;
  const finishes: Session["finishes"] = (what) => {
    drains = what;
  };
  const stop = listenForStop(grace, (step, why) =>
    notice("warning", step === "drain" ? `${why}: ${drains()}` : `${why}: stopping now`),
  );
  const endSuspend = listenForSuspend(() => reporter.suspend());
  const signal = sharedSignal(AbortSignal.any([stop.drain, stop.abort]));
  const path = (name: string) => (isAbsolute(name) ? name : resolvePath(join(io.cwd, name)));
  try {
    const logFile = resolveOne(given, "logFile");
    const named = [...commandFiles({ logFile }, path), ...(files?.(given, path) ?? [])];
    refuseOverlap(named);
    if (logFile !== undefined) reporter.useLog(await openLog(path(logFile)));
    const claim: Session["claim"] = (more) => claimFiles([...named, ...more], reporter);
    return await work({ given, io, reporter, stop, signal, finishes, notice, path, claim });
  } catch (thrown) {
    const stopped = stop.stoppedBy();
    if (stopped !== undefined && isStop(thrown, stop)) {
      notice("warning", words.left);
      return stopped.exitCode;
    }
    return tellError(thrown);
  } finally {
    stop.dispose();
    endSuspend();
    reporter.close();
  }
}

function openReporter(given: Given, io: Io, verbose: boolean): Reporter {
  return new Reporter(io, {
    output: resolveOne(given, "output"),
    quiet: resolveOne(given, "quiet"),
    verbose,
    noColor: !resolveOne(given, "color"),
  });
}

/**
 * What is given; or the exit code, when the configuration cannot be read and that was told as JSON, because a flag or
 * the environment asks for it. @throws ReuploadError when it is to be told as text
 */
function collectOrTell(flags: RunFlags, io: Io): Given | ExitCode {
  try {
    return collect(flags, io.env, io.cwd);
  } catch (thrown) {
    if ((flags.output ?? io.env[environmentName("output")]) !== "json") throw thrown;
    const error = toReuploadError(thrown);
    const verbose = flags.verbose !== undefined;
    const reporter = new Reporter(io, { output: "json", quiet: false, verbose, noColor: true });
    reporter.tell(errorMessage(error, verbose));
    return error.exitCode;
  }
}

/** The log may be the file that is not to be written. */
function claimFiles(files: readonly UsedFiles[], reporter: Reporter): void {
  try {
    refuseOverlap(files);
  } catch (thrown) {
    reporter.endLog();
    throw thrown;
  }
}
