/** Tells whoever `--notify` names that a run has ended. */
import { hostname } from "node:os";
import type { ReuploadError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-codes.ts";
import { StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import { jsonText, type RunReport, runNoticeJson } from "../report/report.ts";
import type { JobContext } from "./context.ts";
import type { RunRequest } from "./run-request.ts";

/** How a run came to its end. */
export interface RunEnd {
  readonly exitCode: ExitCode;
  /** undefined: before its first file. */
  readonly report: RunReport | undefined;
  readonly error: ReuploadError | undefined;
}

/** The end of a run that threw before its first file. */
function thrownEnd({ control }: JobContext, thrown: unknown): RunEnd {
  const stop = thrown instanceof StopRequest ? thrown : control.stopRequest;
  const error = stop === undefined ? toReuploadError(thrown) : stop.error;
  return { exitCode: stop?.exitCode ?? toReuploadError(thrown).exitCode, report: undefined, error };
}

/**
 * Sends the message. A message that cannot be delivered is a warning.
 *
 * @param url undefined: nobody wants to know
 */
async function notifyEnd(
  { control, surroundings, env, notice }: JobContext,
  url: string | undefined,
  stateDb: string,
  end: RunEnd,
): Promise<void> {
  if (url === undefined) return;
  const { deliver } = await import("./notify.ts");
  const id = surroundings.uuid();
  const body = jsonText(runNoticeJson({ ...end, id, time: surroundings.wall(), host: hostname(), stateDb }));
  // Whoever stops the command now does not want to wait for this.
  const { draining, aborting } = control;
  const signal = draining.aborted ? aborting : draining;
  const why = await deliver(url, body, { env, surroundings, signal });
  const { host } = new URL(url);
  if (why !== undefined) notice("warning", `the notification was not delivered to ${host}: ${why}`);
}

/** Does the run, and tells whoever `--notify` names how it ended. @returns the exit code @throws what the run throws */
export async function notified(
  context: JobContext,
  { settings, stateDb }: Pick<RunRequest, "settings" | "stateDb">,
  run: () => Promise<RunEnd>,
): Promise<ExitCode> {
  const { notify: url } = settings;
  const end = await run().catch(async (thrown: unknown) => {
    await notifyEnd(context, url, stateDb, thrownEnd(context, thrown));
    throw thrown;
  });
  await notifyEnd(context, url, stateDb, end);
  return end.exitCode;
}
