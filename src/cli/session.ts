/** What commands that work for long have in common: a reporter, stop signals, and one way to tell errors. */
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import { collect, type Given, resolveOne } from "../config/config.ts";
import { environmentName, type RunOptionName } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { errorMessage } from "../report/report.ts";
import { commandFiles, refuseOverlap, type UsedFiles } from "../job/command-files.ts";
import type { Io } from "../terminal/io.ts";
import { Keys } from "../terminal/keys.ts";
import { openLog } from "../terminal/log.ts";
import { Reporter } from "../terminal/reporter.ts";
import type { JobContext } from "../job/context.ts";
import { KEYS_HINT, takeKey } from "../job/keys.ts";
import { chooseProxy } from "../job/process.ts";
import { RunControl, type RunState } from "../job/run-control.ts";
import { isStop, listenForSignals } from "./stop-signals.ts";
import { listenForSuspend } from "../terminal/suspend.ts";
import { toReuploadError } from "../core/to-error.ts";

export type RunFlags = Partial<Readonly<Record<RunOptionName, string>>>;

/** A command with everything at hand that its work needs. */
export interface Session extends JobContext {
  readonly given: Given;
  readonly io: Io;
  /**
   * Looks at files that the command turns out to use, besides those that its options name; to be called before anything
   * is told. @throws ReuploadError `usage` as `refuseOverlap`
   */
  readonly claim: (files: readonly UsedFiles[]) => void;
}

interface SessionOptions {
  /** Whether each file is told without --verbose, too. */
  readonly tellsFiles?: (given: Given) => boolean;
  /** Keys steer it, when a person is there. */
  readonly hasKeys?: (given: Given) => boolean;
  /** What it says when it is stopped. */
  readonly words?: StopWords;
  /** The files that the options name. */
  readonly files?: (given: Given, path: Session["path"]) => readonly UsedFiles[];
}

/** What a command says when it is stopped. */
export interface StopWords {
  /** Told at the signal when nothing is in flight: what is given up. */
  readonly stops: string;
  /** Told at the signal when something is in flight. */
  readonly finishes?: string;
  /** Told at the end, when nothing of its own had begun: what is left. */
  readonly left: string;
}

const RUN_WORDS: StopWords = {
  stops: "stopping, no file is in flight",
  finishes: "finishing the files in flight, starting no new ones",
  left: "stopped before the first file: run the same command again",
};

/**
 * Collects the options, and does the work with everything at hand that it needs to talk and to be stopped.
 *
 * @returns the exit code; errors that end the work are told, not thrown
 * @throws ReuploadError what is wrong with the options, before there is a reporter
 */
export async function inSession(
  flags: RunFlags,
  io: Io,
  work: (session: Session) => Promise<ExitCode>,
  { tellsFiles, hasKeys = () => false, files, words = RUN_WORDS }: SessionOptions = {},
): Promise<ExitCode> {
  const given = collectOrTell(flags, io);
  if (typeof given === "number") return given;
  const verbose = resolveOne(given, "verbose");
  const reporter = openReporter(given, io, verbose || tellsFiles?.(given) === true);
  const tellError = (thrown: unknown): ExitCode => {
    const error = toReuploadError(thrown);
    reporter.tell(errorMessage(error, verbose));
    return error.exitCode;
  };
  const notice: Session["notice"] = (level, message) => reporter.tell({ type: "notice", level, message });
  let control: RunControl;
  try {
    control = new RunControl(io.surroundings, resolveOne(given, "grace"));
  } catch (thrown) {
    return tellError(thrown);
  }
  let inFlight = () => 0;
  control.listen({ onState: (state, why) => tellStop(state, why, { control, words, inFlight, notice }) });
  const endListening = listen(io, control, reporter, hasKeys(given) && isPersonAt(io, given));
  const path = (name: string) => (isAbsolute(name) ? name : resolvePath(join(io.cwd, name)));
  try {
    // What is no proxy is told before anything is asked through it.
    chooseProxy(io.env);
    const logFile = resolveOne(given, "logFile");
    const named = [...commandFiles({ logFile }, path), ...(files?.(given, path) ?? [])];
    refuseOverlap(named);
    if (logFile !== undefined) reporter.useLog(await openLog(path(logFile), io.surroundings));
    return await work({
      given,
      io,
      env: io.env,
      stdin: io.stdin,
      surroundings: io.surroundings,
      isPersonThere: isPersonAt(io, given),
      reporter,
      control,
      signal: control.draining,
      finishes: (count) => void (inFlight = count),
      notice,
      path,
      claim: (more) => claimFiles([...named, ...more], reporter),
    });
  } catch (thrown) {
    const stop = control.stopRequest;
    if (stop === undefined || stop.error !== undefined || !isStop(thrown)) return tellError(thrown);
    notice("warning", words.left);
    return stop.exitCode;
  } finally {
    endListening();
    control.end();
    reporter.close();
  }
}

/** What is told when the work is stopped. An error, and too many failures, are told with the summary. */
function tellStop(
  state: RunState,
  why: string | undefined,
  {
    control,
    words,
    inFlight,
    notice,
  }: {
    readonly control: RunControl;
    readonly words: StopWords;
    readonly inFlight: () => number;
    readonly notice: Session["notice"];
  },
): void {
  const kind = control.stopRequest?.kind;
  if (why === undefined || (kind !== "signal" && kind !== "max-duration" && kind !== "control")) return;
  const sooner = kind === "signal" ? "a second signal stops at once" : "Ctrl+C stops at once";
  const isIdle = inFlight() === 0 || words.finishes === undefined;
  const drains = isIdle ? words.stops : `${words.finishes}; ${sooner}`;
  if (state === "draining") notice("warning", `${why}: ${drains}`);
  if (state === "stopping") notice("warning", `${why}: stopping now`);
}

/** Takes signals, and keys when a person is there. @returns ends it */
function listen(io: Io, control: RunControl, reporter: Reporter, hasKeys: boolean): () => void {
  const keys = hasKeys ? listenForKeys(io, control, reporter) : undefined;
  const suspend = (): void => {
    reporter.suspend();
    keys?.suspend();
  };
  const endings = [listenForSignals(control), listenForSuspend(suspend), () => keys?.close()];
  return () => {
    for (const end of endings) end();
  };
}

/** Takes keys until nothing is steered any more; the next Ctrl+C is the terminal's own again. */
function listenForKeys(io: Io, control: RunControl, reporter: Reporter): Keys {
  const keys = new Keys(io.stdin, { onKey: (key) => takeKey(control, reporter, key) });
  reporter.showKeys(() => (keys.isListening ? KEYS_HINT : undefined));
  control.listen({
    onState: (state) => {
      if (state === "stopping" || state === "ended") keys.close();
    },
  });
  return keys;
}

/** Somebody reads what is printed and can answer. */
function isPersonAt({ stdin, stderr, env }: Io, given: Given): boolean {
  const isBuild = (env["CI"] ?? "") !== "" && env["CI"] !== "false";
  const isHeard = !resolveOne(given, "quiet") && resolveOne(given, "output") === "text";
  return isHeard && stdin.isTTY && stderr.isTTY && !isBuild;
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
