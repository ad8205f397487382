/** Follows a run while it goes, and tells how it ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import type { Catalog } from "../catalog/catalog.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { FileReport, PipelineLive, PipelineOutcome } from "../pipeline/pipeline.ts";
import type { LiveFigures, ProgressView } from "../progress/progress.ts";
import { ProgressModel } from "../progress/progress-model.ts";
import { balanceReport, type RunEnding, type RunReport, judgeReport } from "../report/run-report.ts";
import type { OpenState } from "../state/state-kind.ts";
import { errorMessage } from "../report/messages.ts";
import type { Reporter } from "../cli/reporter.ts";
import type { Services } from "./services.ts";
import { toReuploadError } from "../cli/to-error.ts";

const SAMPLE_MS = 1000;

interface Following {
  readonly state: {
    readonly ledger: Pick<OpenState["ledger"], "tally">;
    readonly presence: Pick<OpenState["presence"], "beat">;
  };
  readonly services: Services;
  readonly reporter: Reporter;
}

export interface Follower {
  /** For the pipeline: tells a file that is done with. */
  readonly onFile: (report: FileReport) => void;
  /** Starts to sample, once a second. */
  watch(live: PipelineLive): void;
  /** Stops sampling; gives the last view. */
  end(): Promise<ProgressView>;
}

/**
 * Follows a running pipeline: makes its progress from the state's counters and its live figures, and tells the
 * reporter.
 */
export function followRun({ state, services, reporter }: Following): Follower {
  let live: PipelineLive = { slots: 0, slotsInUse: 0, openWorkItems: 0, linksRenewed: 0 };
  const sample = () => ({
    at: performance.now(),
    summary: state.ledger.tally(),
    live: liveFigures(live, services),
  });
  const model = new ProgressModel(sample());
  const ended = new AbortController();
  const { signal } = ended;
  const show = () => {
    const taken = sample();
    model.add(taken);
    state.presence.beat({ at: Date.now(), ...taken.live });
    reporter.progress(model.view());
  };
  const sampling = async () => {
    while (!signal.aborted) {
      await sleep(SAMPLE_MS, undefined, { signal }).catch(() => {});
      if (!signal.aborted) show();
    }
  };
  let task: Promise<void> | undefined;
  return {
    onFile: (report) => reporter.tell(fileMessage(report)),
    watch(pipelineLive) {
      live = pipelineLive;
      task = sampling();
    },
    async end() {
      ended.abort();
      await task;
      // Once more, so that a service that came back since the last sample is told.
      show();
      return model.view();
    },
  };
}

function liveFigures(live: PipelineLive, services: Services): LiveFigures {
  const { slots, slotsInUse, openWorkItems } = live;
  return {
    slots,
    slotsInUse,
    openWorkItems,
    ...services.attempts.figures,
    waiting: services.waiting(),
    limitedBy: services.limitedBy(slotsInUse),
  };
}

/** What became of a file, as it is told. */
export function fileMessage(report: FileReport) {
  const { workItem, failure } = report;
  return {
    type: "file",
    outcome: report.outcome === "announced" ? "copied" : report.outcome,
    jobId: workItem.jobId,
    workItemId: workItem.workItemId,
    fileName: report.fileName,
    blobName: report.blobName,
    bytes: report.bytes,
    method: report.method,
    attempts: report.attempts,
    failure:
      failure === undefined
        ? undefined
        : { code: failure.code, message: failure.message, requestId: failure.requestId },
  } as const;
}

interface Finishing {
  readonly outcome: PipelineOutcome;
  readonly view: ProgressView;
  readonly state: OpenState;
  readonly catalog: Catalog;
  readonly reporter: Reporter;
  readonly linksRenewed: number;
  /** Why only some work items were taken, such as `--limit 20`. */
  readonly limitedBy: string | undefined;
  readonly stoppedBy: { readonly why: string; readonly exitCode: ExitCode } | undefined;
  readonly rejectedFile: string;
  readonly resumeCommand: string;
  readonly verbose: boolean;
}

/** Tells the summary, and what ended the run early; gives the exit code. */
export async function finishRun(finishing: Finishing): Promise<ExitCode> {
  const { state, reporter } = finishing;
  const error = endingError(finishing.outcome);
  if (error !== undefined) reporter.tell(errorMessage(error, finishing.verbose));
  // What was recorded last must be counted, and be durable before it is told.
  await state.ledger.committed().catch(() => {});
  const report = await buildReport(finishing);
  reporter.tell({ type: "summary", report });
  const exitCode = error?.exitCode ?? runExitCode(report, finishing);
  state.presence.noteEnding({
    exitCode,
    why: "why" in report.ending ? report.ending.why : report.ending.kind,
  });
  return exitCode;
}

/** What ended the run, when an error did. */
function endingError(outcome: PipelineOutcome): ReuploadError | undefined {
  switch (outcome.kind) {
    case "failed":
      return toReuploadError(outcome.error);
    case "too-many-failures":
      return new ReuploadError(
        "too-many-failures",
        `More failed than --max-failures allows: ${describeShare(outcome)}.`,
      );
    case "finished":
    case "stopped":
      return undefined;
  }
}

function describeShare({ failed, finished }: { readonly failed: number; readonly finished: number }): string {
  return `${failed} of the ${finished} files that came to an end in this start`;
}

function runExitCode(report: RunReport, { stoppedBy }: Finishing): ExitCode {
  switch (judgeReport(report, balanceReport(report))) {
    case "completed":
    case "limited":
      return EXIT.done;
    case "with-failures":
      return EXIT.finishedWithFailures;
    case "too-many-failures":
      return EXIT.stoppedEarly;
    case "stopped":
      return stoppedBy?.exitCode ?? EXIT.unavailable;
    case "internal-error":
      return EXIT.unavailable;
  }
}

function runEnding({ outcome, limitedBy, stoppedBy }: Finishing, left: number): RunEnding {
  switch (outcome.kind) {
    case "finished":
      return limitedBy !== undefined && left > 0 ? { kind: "limited", by: limitedBy } : { kind: "finished" };
    case "too-many-failures":
      return { kind: "too-many-failures", why: describeShare(outcome) };
    case "failed":
      return { kind: "stopped", why: toReuploadError(outcome.error).code };
    case "stopped":
      return { kind: "stopped", why: stoppedBy?.why ?? "request" };
  }
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
    summary,
    failures,
    thisStart: {
      elapsedMs: view.elapsedMs,
      files: view.thisStart.files,
      bytes: view.thisStart.bytes,
      retries: view.live.retries,
      throttles: view.live.throttles,
      hedges: view.live.hedges,
      linksRenewed: finishing.linksRenewed,
    },
    nextCommand: isWanting ? finishing.resumeCommand : undefined,
  };
}
