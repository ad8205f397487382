/** Runs that are verified: a random part first (`--canary`), or all that the state has completed at the end (`--verify`). */
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { surveyAhead } from "../pipeline/survey-ahead.ts";
import { errorMessage } from "../report/messages.ts";
import { type VerifyReport, verifyVerdict } from "../report/verify-report.ts";
import type { StateSummary } from "../state/ledger.ts";
import { STATES } from "../state/wiring.ts";
import { stateStem } from "./command-files.ts";
import type { JobContext } from "./context.ts";
import type { Checked, RunRequest } from "./run.ts";
import { openRunState, openTarget, prepareTarget } from "./start.ts";
import { verifyOwn } from "./verify-own.ts";

interface Starting {
  /** Runs a request from its start to its end. */
  readonly start: (request: RunRequest) => Promise<ExitCode>;
  readonly emulator: Emulator | undefined;
}

/** @returns the exit code of run and verification together @throws as `run` */
export async function runChecked(
  context: JobContext,
  request: RunRequest,
  starting: Starting,
): Promise<ExitCode> {
  const { settings } = request;
  if (settings.canary === undefined) return starting.start(verified(context, request));
  const { counted, before } = await countFiles(context, request, starting.emulator);
  const exitCode = await starting.start({ ...counted, check: checkCanary(context, request, before) });
  if (!isEnd(exitCode) || context.control.stopRequest !== undefined) return exitCode;
  const rest = await resumed(context, request);
  const next = { ...rest, settings: { ...settings, canary: undefined, resume: true } };
  return starting.start(settings.verify ? verified(context, next) : next);
}

/** The same request with what its state holds by now. */
async function resumed(context: JobContext, request: RunRequest): Promise<RunRequest> {
  const found = (await STATES.inspect(context.path(request.stateDb)))?.run;
  return { ...request, found };
}

/**
 * Loads the state, and has the catalog count the files of its work items where it can, so that the part that goes first
 * has large and small ones. A state that this makes is discarded again by what the first part's start is refused for.
 */
async function countFiles(
  context: JobContext,
  request: RunRequest,
  emulator: Emulator | undefined,
): Promise<{ readonly counted: RunRequest; readonly before: StateSummary }> {
  const { settings, found, catalog: source, input, kept, stateDb } = request;
  const { signal } = context;
  const target = { settings, found, catalog: source.identity, emulator };
  const { services, identity } = await openTarget(context, target);
  await prepareTarget(context, services, {
    settings,
    container: settings.targetContainer,
    queue: settings.announce ? settings.queue : undefined,
    mayCreate: true,
  });
  const location = context.path(stateDb);
  const all = { ...settings, canary: undefined };
  const { resume } = settings;
  const state = await openRunState(context, identity, { settings: all, location, resume, kept, input });
  const before = state.ledger.tally();
  try {
    const stem = stateStem(location);
    const catalog = await source.open({ stem, services, prompt: context, opening: signal, signal });
    try {
      await surveyAhead({ catalog, state }, signal, { onCounted: () => {}, onBroughtBack: () => {} });
      await state.ledger.committed();
    } finally {
      await catalog.close();
    }
  } catch (thrown) {
    await state.close();
    if (found === undefined) STATES.discard(location);
    throw thrown;
  } finally {
    await state.close();
  }
  const counted = await resumed(context, request);
  const isNew = found === undefined;
  return { counted: { ...counted, isNew, settings: { ...settings, resume: true } }, before };
}

/** All that the state has completed is verified at the end of a start that came to its end. */
function verified(context: JobContext, request: RunRequest): RunRequest {
  return {
    ...request,
    async check(parts, exitCode) {
      if (context.control.stopRequest !== undefined || !isEnd(exitCode)) return undefined;
      const report = await orStopped(context, async () =>
        verifyOwn(context, request, parts, { scope: "own", deep: false }),
      );
      if (report === undefined) return stopped(context);
      if (verifyVerdict(report) === "proven") return undefined;
      return { exitCode: EXIT.finishedWithFailures, why: "the verification found something" };
    },
  };
}

/**
 * What the first part has completed is verified byte by byte; anything that is wrong ends the run.
 *
 * @param before what had failed before it began is not of this part
 */
function checkCanary(
  context: JobContext,
  request: RunRequest,
  before: StateSummary,
): NonNullable<RunRequest["check"]> {
  return async (parts, exitCode) => {
    if (context.control.stopRequest !== undefined || !isEnd(exitCode)) return undefined;
    const since = parts.state.start.startedAt;
    const report = await orStopped(context, async () =>
      verifyOwn(context, request, parts, { scope: "canary", deep: true, since }),
    );
    if (report === undefined) return stopped(context);
    const why = whatIsWrong(before, parts.state.ledger.tally(), report);
    if (why === undefined) {
      const { verified: workItems } = report.workItems;
      context.notice(
        "info",
        `nothing is wrong with the canary (work items: ${workItems}, files: ${report.files.total}); now the rest`,
      );
      return undefined;
    }
    const error = new ReuploadError("canary-failed", `The canary found what is wrong: ${why}.`, {
      advice: `Nothing else was begun. Look at it; then go on without --canary: ${request.resumeCommand}`,
    });
    context.reporter.tell(errorMessage(error, request.settings.verbose));
    return { exitCode: error.exitCode, why: "the canary failed" };
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

function stopped({ control }: JobContext): Checked | undefined {
  const { stopRequest } = control;
  return (
    stopRequest && { exitCode: stopRequest.exitCode, why: `${stopRequest.why}: not verified to the end` }
  );
}
