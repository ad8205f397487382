/** `reupload status --target`: a whole run, as the account knows it. */
import type { Given } from "../config/config.ts";
import { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { RunMonitor } from "../job/run-monitor.ts";
import { accountJson, jsonText } from "../report/report.ts";
import { type Io, printLine, printLines, writeLines } from "../terminal/io.ts";
import { differenceText } from "../terminal/run-picture-text.ts";
import { runStatusText } from "../terminal/run-status-text.ts";
import { accountRequest } from "./account-run.ts";
import type { StatusArguments } from "./status.ts";
import { listenForStop } from "./stop-signals.ts";

/** @returns the exit code of the whole run; 3 when a given state is of another one @throws ReuploadError */
export async function statusOfRun(
  args: StatusArguments,
  given: Given,
  isJson: boolean,
  io: Io,
): Promise<ExitCode> {
  if (args.snapshot !== undefined) {
    throw new ReuploadError("usage", "--snapshot copies a state, but a run is given.", {
      advice: "Give --snapshot with one --state-db alone.",
    });
  }
  const stop = listenForStop(io);
  try {
    const request = accountRequest(given, args.runId, io, { signal: stop.signal, isQuiet: isJson });
    using run = await RunMonitor.open(request, args.stateDb ?? [], io, 1_000);
    const { picture, exitCode } = run;
    if (isJson) await writeLines(io, [jsonText(accountJson("status", picture, exitCode))]);
    else await printLines(io, runStatusText(picture.picture, exitCode));
    for (const one of picture.differences) printLine(io.stderr, `warning: ${differenceText(one)}`);
    return exitCode;
  } catch (thrown) {
    const stopped = stop.control.stopRequest;
    if (stopped !== undefined && thrown === stopped) return stopped.exitCode;
    throw thrown;
  } finally {
    stop.dispose();
  }
}
