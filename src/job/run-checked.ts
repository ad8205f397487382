/** Runs that are verified: a random part first (`--canary`), or all that the state has completed at the end (`--verify`). */
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { surveyAhead } from "../pipeline/survey-ahead.ts";
import { errorMessage } from "../report/messages.ts";
import { type VerifyReport, verifyVerdict } from "../report/verify-report.ts";
import type { StateSummary } from "../state/ledger.ts";
import { STATES } from "../state/wiring.ts";
import type { JobContext } from "./context.ts";
import type { Checked, RunRequest } from "./run-request.ts";
import type { RunEnd } from "./run-ended.ts";
import { verifyOwn } from "./verify-own.ts";

/**
 * @param start runs a request from its start to its end
 * @returns how run and verification ended together
 * @throws as `run`
 */
export async function runChecked(
  context: JobContext,
  request: RunRequest,
  start: (request: RunRequest) => Promise<RunEnd>,
): Promise<RunEnd> {
  const { settings } = request;
  if (settings.canary === undefined) return start(verified(context, request));
  const end = await start(canaryOf(context, request));
  if (!isEnd(end.exitCode)) return end;
  const stop = context.control.stopRequest;
  if (stop !== undefined) return { ...end, exitCode: stop.exitCode };
  const rest: RunRequest = {
    ...request,
    found: (await STATES.inspect(context.path(request.stateDb)))?.run,
    // The rows are in the state; standard input could not be read again.
    input: undefined,
    settings: { ...settings, canary: undefined, resume: true, updateCsv: false },
  };
  return start(settings.verify ? verified(context, rest) : rest);
}

/**
 * The part that goes first. The catalog counts before it is chosen, where it can, so that large and small work items are
 * in it. What it has completed is verified byte by byte; anything that is wrong ends the run.
 */
function canaryOf(context: JobContext, request: RunRequest): RunRequest {
  let before: StateSummary | undefined;
  return {
    ...request,
    async before(parts) {
      const { state } = parts;
      // What had failed before is not of this part.
      before = state.ledger.tally();
      await surveyAhead(parts, context.signal, { onCounted: () => {}, onBroughtBack: () => {} });
      await state.ledger.committed();
    },
    async check(parts, exitCode) {
      if (!isEnd(exitCode)) return undefined;
      if (context.control.stopRequest !== undefined) return stopped(context, request);
      const since = parts.state.start.startedAt;
      const report = await orStopped(context, async () =>
        verifyOwn(context, request, parts, { scope: "canary", deep: true, since }),
      );
      if (report === undefined) return stopped(context, request);
      const after = parts.state.ledger.tally();
      return judgeCanary(context, request, { before: before ?? after, after, report });
    },
  };
}

interface CanaryFindings {
  readonly before: StateSummary;
  readonly after: StateSummary;
  readonly report: VerifyReport;
}

/** @returns how the start ended; undefined when all is well */
function judgeCanary(
  { notice, reporter }: JobContext,
  { settings, resumeCommand }: RunRequest,
  { before, after, report }: CanaryFindings,
): Checked | undefined {
  const why = whatIsWrong(before, after, report);
  if (why === undefined) {
    const { verified: workItems } = report.workItems;
    const found = `work items: ${workItems}, files: ${report.files.total}`;
    notice("info", `nothing is wrong with the canary (${found}); now the rest`);
    return undefined;
  }
  const error = new ReuploadError("canary-failed", `The canary found what is wrong: ${why}.`, {
    advice: `Nothing else was begun. Look at it; then go on without --canary: ${resumeCommand}`,
  });
  reporter.tell(errorMessage(error, settings.verbose));
  return { exitCode: error.exitCode, why: "the canary failed" };
}

/** All that the state has completed is verified at the end of a start that came to its end. */
function verified(context: JobContext, request: RunRequest): RunRequest {
  return {
    ...request,
    async check(parts, exitCode) {
      if (!isEnd(exitCode)) return undefined;
      if (context.control.stopRequest !== undefined) return stopped(context, request);
      const report = await orStopped(context, async () =>
        verifyOwn(context, request, parts, { scope: "own", deep: false }),
      );
      if (report === undefined) return stopped(context, request);
      if (verifyVerdict(report) === "proven") return undefined;
      return { exitCode: EXIT.finishedWithFailures, why: "the verification found something" };
    },
  };
}

/** In words; undefined when all is well. */
function whatIsWrong(
  before: StateSummary,
  after: StateSummary,
  { files, workItems }: VerifyReport,
): string | undefined {
  const parts = [
    [after.workItems.failed - before.workItems.failed, "failed work items"],
    [after.files.failed - before.files.failed, "failed files"],
    [files.missing, "missing files"],
    [files.different, "different files"],
    [files.unreadable + workItems.lookupsFailed, "not compared"],
    [files.notAnnounced, "not announced"],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  return told.length === 0 ? undefined : told.join(", ");
}

/** A start that came to its end, well or not. */
function isEnd(exitCode: ExitCode): boolean {
  return exitCode === EXIT.done || exitCode === EXIT.finishedWithFailures;
}

/** @returns undefined when the operator stopped it */
async function orStopped<T>(context: JobContext, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (context.control.stopRequest === undefined || thrown !== context.control.stopRequest) throw thrown;
    return undefined;
  }
}

/** The work was done, and its verification was not, because of a stop. */
function stopped({ control, notice }: JobContext, { resumeCommand }: RunRequest): Checked | undefined {
  const { stopRequest } = control;
  if (stopRequest === undefined) return undefined;
  const by = stopRequest.kind === "too-many-failures" ? "--max-failures" : stopRequest.why;
  notice("warning", `${by}: what was done is not verified to the end; go on with: ${resumeCommand}`);
  return { exitCode: stopRequest.exitCode, why: `${by}: not verified to the end` };
}
