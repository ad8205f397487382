/** How a run ended: the summary that is told, and the exit code. */
import { existsSync } from "node:fs";
import type { Catalog } from "../catalog/catalog.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { StopRequest } from "../core/stop-request.ts";
import type { Miscounted, PipelineOutcome } from "../pipeline/pipeline.ts";
import type { ProgressView } from "../progress/progress.ts";
import { errorMessage } from "../report/messages.ts";
import { balanceReport, judgeReport, type RunEnding, type RunReport } from "../report/run-report.ts";
import { toldFilter } from "../state/run-record.ts";
import type { OpenState } from "../state/state-kind.ts";
import type { JobContext, Listener } from "./context.ts";
import type { RunEnd } from "./run-ended.ts";

interface Finishing {
  readonly outcome: PipelineOutcome;
  readonly view: ProgressView;
  readonly state: OpenState;
  readonly catalog: Catalog;
  readonly reporter: Listener;
  readonly linksRenewed: number;
  readonly miscounted: Miscounted;
  /** Why only some work items were taken, such as `--limit 20`. */
  readonly limitedBy: string | undefined;
  readonly rejectedFile: string;
  /** undefined when the run goes on by itself, after a canary. */
  readonly resumeCommand: string | undefined;
  readonly verbose: boolean;
}

/** Tells the summary, and what ended the run early. */
export async function finishRun(finishing: Finishing): Promise<RunEnd> {
  const { state, reporter, outcome } = finishing;
  const error = outcome.kind === "stopped" ? outcome.request.error : undefined;
  if (error !== undefined) reporter.tell(errorMessage(error, finishing.verbose));
  const report = await buildReport(finishing);
  reporter.tell({ type: "summary", report });
  const exitCode =
    outcome.kind === "stopped" ? stoppedExitCode(report, outcome.request) : finishedExitCode(report);
  state.presence.noteEnding({
    exitCode,
    why: "why" in report.ending ? report.ending.why : report.ending.kind,
  });
  return { exitCode, report, error };
}

/** Says that a stop changed nothing, because nothing was left to do. Does nothing when there was none. */
export function tellLateStop({ control, notice }: Pick<JobContext, "control" | "notice">): void {
  const stop = control.stopRequest;
  if (stop?.mattersOnlyIfWorkIsLeft !== true || stop.kind === "too-many-failures") return;
  notice("info", `${stop.why}: nothing was left to do, so it has ended as it would have without the stop`);
}

/** A run whose figures do not add up says so, however it was stopped. */
function stoppedExitCode(report: RunReport, { error, exitCode }: StopRequest): ExitCode {
  const hasGap = judgeReport(report, balanceReport(report)) === "internal-error";
  return hasGap && error === undefined ? EXIT.unavailable : exitCode;
}

function finishedExitCode(report: RunReport): ExitCode {
  switch (judgeReport(report, balanceReport(report))) {
    case "completed":
    case "limited":
      return EXIT.done;
    case "with-failures":
      return EXIT.finishedWithFailures;
    case "too-many-failures":
    case "stopped":
    case "internal-error":
      return EXIT.unavailable;
  }
}

function runEnding({ outcome, limitedBy }: Finishing, left: number): RunEnding {
  if (outcome.kind === "stopped") {
    const { kind, why } = outcome.request;
    return { kind: kind === "too-many-failures" ? kind : "stopped", why };
  }
  return limitedBy !== undefined && left > 0 ? { kind: "limited", by: limitedBy } : { kind: "finished" };
}

/** Another machine does the rest: to resume here is what the error before the summary tells about. */
function isLost({ outcome }: Finishing): boolean {
  return outcome.kind === "stopped" && outcome.request.kind === "partition-lost";
}

async function buildReport(finishing: Finishing): Promise<RunReport> {
  const { view, state, catalog, rejectedFile } = finishing;
  const { run, ledger } = state;
  const summary = ledger.tally();
  const { pending, in_progress: inProgress, not_mine: notMine } = summary.workItems;
  const left = pending + inProgress + notMine;
  const failures = await ledger.failures();
  const isWanting = left > 0 || summary.workItems.failed > 0;
  return {
    runId: run.runId,
    ending: runEnding(finishing, left),
    partition: run.identity.partition,
    totalPartitions: run.identity.totalPartitions,
    input: run.input,
    rejectedFile: run.input.rejected > 0 && existsSync(rejectedFile) ? rejectedFile : undefined,
    catalogRejected: catalog.rejectedRows(),
    filter: toldFilter(run),
    summary,
    failures,
    thisStart: {
      elapsedMs: view.elapsedMs,
      files: view.thisStart.files,
      workItems: view.thisStart.workItems,
      bytes: view.thisStart.bytes,
      retries: view.live.retries,
      throttles: view.live.throttles,
      hedges: view.live.hedges,
      linksRenewed: finishing.linksRenewed,
      miscounted: { ...finishing.miscounted },
    },
    nextCommand: isWanting && !isLost(finishing) ? finishing.resumeCommand : undefined,
  };
}
