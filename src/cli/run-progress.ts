/** Follows a run while it goes, and tells how it ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import type { Catalog } from "../catalog/catalog.ts";
import { ReuploadError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { FileReport, Miscounted, PipelineLive, PipelineOutcome } from "../pipeline/pipeline.ts";
import type { LiveFigures, ProgressView } from "../progress/progress.ts";
import { ProgressModel } from "../progress/progress-model.ts";
import { accountOf, type RunEnding, type RunReport, verdictOf } from "../progress/run-report.ts";
import type { StateStore } from "../state/state-store.ts";
import { errorMessage } from "../terminal/messages.ts";
import type { Reporter } from "./reporter.ts";
import type { Services } from "./stages.ts";
import { toReuploadError } from "./to-error.ts";

const SAMPLE_MS = 1000;
const NO_MISCOUNT: Miscounted = { workItems: 0, counted: 0, listed: 0 };

interface Following {
  readonly store: Pick<StateStore, "summary" | "beat">;
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

export function followRun({ store, services, reporter }: Following): Follower {
  let live: PipelineLive = {
    slots: 0,
    slotsInUse: 0,
    openWorkItems: 0,
    linksRenewed: 0,
    miscounted: NO_MISCOUNT,
  };
  const sample = () => ({
    at: performance.now(),
    summary: store.summary(),
    live: figuresOf(live, services),
  });
  const model = new ProgressModel(sample());
  const ended = new AbortController();
  const { signal } = ended;
  const show = () => {
    const taken = sample();
    model.add(taken);
    store.beat({ at: Date.now(), ...taken.live });
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

function figuresOf(live: PipelineLive, services: Services): LiveFigures {
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
    attempts: failure?.attempts ?? 1,
    failure:
      failure === undefined
        ? undefined
        : { code: failure.code, message: failure.message, requestId: failure.requestId },
  } as const;
}

interface Finishing {
  readonly outcome: PipelineOutcome;
  readonly view: ProgressView;
  readonly store: StateStore;
  readonly catalog: Catalog;
  readonly reporter: Reporter;
  readonly linksRenewed: number;
  readonly miscounted: Miscounted;
  /** Why only some work items were taken, such as `--limit 20`. */
  readonly limitedBy: string | undefined;
  readonly stoppedBy: { readonly why: string; readonly exitCode: ExitCode } | undefined;
  readonly rejectedFile: string;
  readonly resumeCommand: string;
  readonly verbose: boolean;
}

/** Tells the summary, and what ended the run early; gives the exit code. */
export async function finishRun(finishing: Finishing): Promise<ExitCode> {
  const { store, reporter } = finishing;
  const error = errorOf(finishing.outcome);
  if (error !== undefined) reporter.tell(errorMessage(error, finishing.verbose));
  // What was recorded last must be counted, and be durable before it is told.
  await store.committed().catch(() => {});
  const report = await reportOf(finishing);
  reporter.tell({ type: "summary", report });
  const exitCode = error?.exitCode ?? exitCodeOf(report, finishing);
  store.noteEnding({ exitCode, why: "why" in report.ending ? report.ending.why : report.ending.kind });
  return exitCode;
}

/** What ended the run, when an error did. */
function errorOf(outcome: PipelineOutcome): ReuploadError | undefined {
  switch (outcome.kind) {
    case "failed":
      return toReuploadError(outcome.error);
    case "too-many-failures":
      return new ReuploadError(
        "too-many-failures",
        `More failed than --max-failures allows: ${shareOf(outcome)}.`,
      );
    case "finished":
    case "stopped":
      return undefined;
  }
}

function shareOf({ failed, finished }: { readonly failed: number; readonly finished: number }): string {
  return `${failed} of the ${finished} files that came to an end in this start`;
}

function exitCodeOf(report: RunReport, { stoppedBy }: Finishing): ExitCode {
  switch (verdictOf(report, accountOf(report))) {
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

function endingOf({ outcome, limitedBy, stoppedBy }: Finishing, left: number): RunEnding {
  switch (outcome.kind) {
    case "finished":
      return limitedBy !== undefined && left > 0 ? { kind: "limited", by: limitedBy } : { kind: "finished" };
    case "too-many-failures":
      return { kind: "too-many-failures", why: shareOf(outcome) };
    case "failed":
      return { kind: "stopped", why: toReuploadError(outcome.error).code };
    case "stopped":
      return { kind: "stopped", why: stoppedBy?.why ?? "request" };
  }
}

async function reportOf(finishing: Finishing): Promise<RunReport> {
  const { view, store, catalog, rejectedFile } = finishing;
  const summary = store.summary();
  const left = summary.workItems.pending + summary.workItems.in_progress;
  const failures = await store.failures();
  const isWanting = left > 0 || summary.workItems.failed > 0;
  return {
    runId: store.run.runId,
    ending: endingOf(finishing, left),
    partition: store.run.identity.partition,
    totalPartitions: store.run.identity.totalPartitions,
    input: store.run.input,
    rejectedFile: store.run.input.rejected > 0 && existsSync(rejectedFile) ? rejectedFile : undefined,
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
      miscounted: { ...finishing.miscounted },
    },
    nextCommand: isWanting ? finishing.resumeCommand : undefined,
  };
}
