/** Follows a run while it goes, and tells how it ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { existsSync } from "node:fs";
import type { Catalog } from "../catalog/catalog.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { FileReport, PipelineLive, PipelineOutcome } from "../pipeline/pipeline.ts";
import type { LiveFigures, ProgressView } from "../progress/progress.ts";
import { ProgressModel } from "../progress/progress-model.ts";
import { accountOf, type RunEnding, type RunReport, verdictOf } from "../progress/run-report.ts";
import type { StateStore } from "../state/state-store.ts";
import { errorMessage } from "../terminal/messages.ts";
import type { Reporter } from "./reporter.ts";
import type { Services } from "./stages.ts";
import { toReuploadError } from "./to-error.ts";

const SAMPLE_MS = 1000;

interface Following {
  readonly store: StateStore;
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
  let live: PipelineLive = { slots: 0, slotsInUse: 0, openWorkItems: 0, linksRenewed: 0 };
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
  return { slots, slotsInUse, openWorkItems, ...services.attempts.figures, waiting: services.waiting() };
}

function fileMessage(report: FileReport) {
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
  /** Only some work items were to be taken (`--limit`, `--sample`). */
  readonly isLimited: boolean;
  readonly stoppedBy: { readonly why: string; readonly exitCode: ExitCode } | undefined;
  readonly rejectedFile: string;
  readonly resumeCommand: string;
  readonly verbose: boolean;
}

/** Tells the summary, and what ended the run early; gives the exit code. */
export async function finishRun(finishing: Finishing): Promise<ExitCode> {
  const { outcome, store, reporter, stoppedBy } = finishing;
  const failed = outcome.kind === "failed" ? toReuploadError(outcome.error) : undefined;
  if (failed !== undefined) reporter.tell(errorMessage(failed, finishing.verbose));
  // What was recorded last must be counted, and be durable before it is told.
  await store.committed().catch(() => {});
  const report = await reportOf(finishing, failed?.code ?? stoppedBy?.why ?? "request");
  reporter.tell({ type: "summary", report });
  const verdict = verdictOf(report, accountOf(report));
  if (failed !== undefined) return failed.exitCode;
  switch (verdict) {
    case "completed":
      return EXIT.done;
    case "with-failures":
      return EXIT.finishedWithFailures;
    case "stopped":
      return stoppedBy?.exitCode ?? EXIT.unavailable;
    case "internal-error":
      return EXIT.unavailable;
  }
}

async function reportOf(finishing: Finishing, why: string): Promise<RunReport> {
  const { outcome, view, store, catalog, rejectedFile } = finishing;
  const summary = store.summary();
  const ending: RunEnding = outcome.kind === "finished" ? { kind: "finished" } : { kind: "stopped", why };
  const left = summary.workItems.pending + summary.workItems.in_progress;
  const failures = await store.failures();
  const isWanting = left > 0 || summary.workItems.failed > 0;
  return {
    runId: store.run.runId,
    ending,
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
    },
    nextCommand: isWanting ? finishing.resumeCommand : undefined,
  };
}
