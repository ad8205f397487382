/** Follows a run while it goes: samples once a second, and tells files and progress. */
import type { FileReport, Miscounted, PipelineLive } from "../pipeline/pipeline.ts";
import type { LiveFigures, ProgressView, RunParts } from "../progress/progress.ts";
import { ProgressModel } from "../progress/progress-model.ts";
import type { OpenState } from "../state/state-kind.ts";
import { every, type Surroundings } from "../surroundings/surroundings.ts";
import type { Listener } from "./context.ts";
import type { RunControl } from "./run-control.ts";
import type { Services } from "./services.ts";

const SAMPLE_MS = 1000;
const NO_MISCOUNT: Miscounted = { workItems: 0, counted: 0, listed: 0 };

interface Following {
  readonly state: {
    readonly ledger: Pick<OpenState["ledger"], "tally">;
    readonly presence: Pick<OpenState["presence"], "beat">;
  };
  readonly services: Services;
  readonly reporter: Listener;
  readonly surroundings: Surroundings;
  readonly control: Pick<RunControl, "state" | "pausedBy">;
  /** The whole run, when this start does what it can get of it. */
  readonly parts?: () => RunParts | undefined;
  /** Takes each file that is done with, before it is told. */
  readonly noteFile?: (report: FileReport) => void;
}

export interface Follower {
  /** For the pipeline: tells a file that is done with. */
  readonly onFile: (report: FileReport) => void;
  /** Starts to sample, once a second. */
  watch(live: PipelineLive): void;
  /** How long the rest takes as it goes now, ms; undefined: not known. */
  leftMs(): number | undefined;
  /** Stops sampling; gives the last view. */
  end(): ProgressView;
}

/**
 * Follows a running pipeline: makes its progress from the state's counters and its live figures, and tells the
 * reporter.
 */
export function followRun(following: Following): Follower {
  const { state, services, reporter, surroundings, control, parts, noteFile } = following;
  let live: PipelineLive = {
    slots: 0,
    slotsInUse: 0,
    openWorkItems: 0,
    linksRenewed: 0,
    miscounted: NO_MISCOUNT,
  };
  const sample = () => ({
    at: surroundings.monotonic(),
    summary: state.ledger.tally(),
    live: liveFigures(live, services, control),
    parts: parts?.(),
  });
  const model = new ProgressModel(sample());
  const show = () => {
    const taken = sample();
    model.add(taken);
    state.presence.beat({ at: surroundings.wall(), ...taken.live });
    reporter.progress(model.view());
  };
  let endSampling = (): void => {};
  return {
    onFile(report) {
      noteFile?.(report);
      reporter.tell(fileMessage(report));
    },
    watch(pipelineLive) {
      live = pipelineLive;
      endSampling = every(surroundings, SAMPLE_MS, show);
    },
    leftMs: () => model.view().eta?.lowMs,
    end() {
      endSampling();
      // Once more, so that a service that came back since the last sample is told.
      show();
      return model.view();
    },
  };
}

function liveFigures(live: PipelineLive, services: Services, control: Following["control"]): LiveFigures {
  const { slots, slotsInUse, openWorkItems } = live;
  return {
    slots,
    slotsInUse,
    openWorkItems,
    ...services.figures,
    waiting: services.waiting(),
    limitedBy: services.limitedBy(slotsInUse),
    state: control.state,
    pausedBy: control.state === "paused" ? control.pausedBy : [],
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
