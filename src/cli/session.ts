/** What commands that work for long have in common: a reporter, stop signals, and one way to tell errors. */
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import { proxyOf } from "../azure/rest/proxy.ts";
import { collect, type Given, resolveOne } from "../config/config.ts";
import type { RunOptionName } from "../config/run-options.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { errorMessage } from "../terminal/messages.ts";
import type { Io } from "./io.ts";
import { openLog } from "./log.ts";
import { Reporter } from "./reporter.ts";
import { sharedSignal } from "./shared-signal.ts";
import { listenForStop, type StopSignals } from "./stop-signals.ts";
import { listenForSuspend } from "./suspend.ts";
import { toReuploadError } from "./to-error.ts";

export type RunFlags = Partial<Readonly<Record<RunOptionName, string>>>;

export interface Session {
  readonly given: Given;
  readonly io: Io;
  readonly reporter: Reporter;
  readonly stop: StopSignals;
  /** Ends what comes before the first file: at the first stop signal. */
  readonly signal: AbortSignal;
  /** Tells a line that is no result. */
  readonly notice: (level: "info" | "warning", message: string) => void;
  /** The path as seen from the working folder. */
  readonly path: (path: string) => string;
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
  { tellsFiles = false }: { readonly tellsFiles?: boolean } = {},
): Promise<ExitCode> {
  const given = collect(flags, io.env, io.cwd);
  const verbose = resolveOne(given, "verbose");
  const reporter = new Reporter(io, {
    output: resolveOne(given, "output"),
    quiet: resolveOne(given, "quiet"),
    verbose: verbose || tellsFiles,
    noColor: !resolveOne(given, "color"),
  });
  const notice: Session["notice"] = (level, message) => reporter.tell({ type: "notice", level, message });
  const stop = listenForStop(resolveOne(given, "grace"), (step, why) => {
    const drains = "files in flight are finished, no new ones are taken; once more stops at once";
    notice("warning", step === "drain" ? `${why}: ${drains}` : `${why}: stopping now`);
  });
  const endSuspend = listenForSuspend(() => reporter.suspend());
  const signal = sharedSignal(AbortSignal.any([stop.drain, stop.abort]));
  const path = (name: string) => (isAbsolute(name) ? name : resolvePath(join(io.cwd, name)));
  try {
    // What is no proxy is told before anything is asked through it.
    proxyOf(io.env);
    const logFile = resolveOne(given, "logFile");
    if (logFile !== undefined) reporter.useLog(await openLog(path(logFile)));
    return await work({ given, io, reporter, stop, signal, notice, path });
  } catch (thrown) {
    const stopped = stop.stoppedBy();
    if (stopped !== undefined && isStop(thrown, stop)) {
      notice("warning", "stopped before the first file: run the same command again");
      return stopped.exitCode;
    }
    const error = toReuploadError(thrown);
    reporter.tell(errorMessage(error, verbose));
    return error.exitCode;
  } finally {
    stop.dispose();
    endSuspend();
    reporter.close();
  }
}

function isStop(thrown: unknown, { drain, abort }: StopSignals): boolean {
  return (
    thrown === drain.reason || thrown === abort.reason || (thrown as Error | null)?.name === "AbortError"
  );
}
