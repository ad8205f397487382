/** `reupload monitor --target`: a whole run, as it goes on, from anywhere. */
import type { Given } from "../config/config.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { RunMonitor, type RunMonitorPicture } from "../job/run-monitor.ts";
import { accountJson, jsonText } from "../report/report.ts";
import { type Io, writeLines } from "../terminal/io.ts";
import { MonitorScreen } from "../terminal/monitor-screen.ts";
import { RUN_DRAWING, runMonitorText } from "../terminal/run-picture-text.ts";
import { accountRequest } from "./account-run.ts";
import type { MonitorArguments } from "./monitor.ts";
import type { StopSignals } from "./stop-signals.ts";

/** How it is shown. */
export interface RunShown {
  readonly isJson: boolean;
  readonly isOnScreen: boolean;
  readonly refreshMs: number;
}

/** @returns the whole run's exit code; 130 or 143 when a signal ends it @throws ReuploadError */
export async function monitorRun(
  args: MonitorArguments,
  given: Given,
  shown: RunShown,
  stop: StopSignals,
  io: Io,
): Promise<ExitCode> {
  const { isJson, isOnScreen, refreshMs } = shown;
  const request = accountRequest(given, args.runId, io, { signal: stop.signal, isQuiet: isJson });
  using monitor = await RunMonitor.open(request, args.stateDb ?? [], io, refreshMs);
  const print = async (picture: RunMonitorPicture) =>
    writeLines(
      io,
      isJson
        ? [jsonText(accountJson("monitor", picture, monitor.exitCode))]
        : [...runMonitorText(picture), ""],
    );
  if (args.once === true) await print(monitor.picture);
  else if (!isOnScreen) {
    await monitor.showInTurns({ signal: stop.signal, isLeft: io.isStdoutClosed, show: print });
  } else {
    using screen = new MonitorScreen(io, args.color === false, RUN_DRAWING);
    await monitor.showInTurns({
      signal: AbortSignal.any([stop.signal, screen.left]),
      isLeft: io.isStdoutClosed,
      show: (picture) => screen.show(picture),
    });
  }
  return stop.control.stopRequest?.exitCode ?? monitor.exitCode;
}
