import { readStopRequest, StopRequest } from "../core/stop-request.ts";
import { toReuploadError } from "../core/to-error.ts";
import { FailureLimit } from "./failure-limit.ts";
import type { PipelineControl, PipelineOptions, PipelineOutcome, Stages } from "./pipeline.ts";

/** How a pipeline comes to its end: the signals that stop its parts, and why they were given. */
export class PipelineEnd {
  /** Ends everything under way: the caller's abort, or an error that ends the run. */
  readonly signal: AbortSignal;
  /** Ends what only prepares further files, too: a drain needs none. */
  readonly feedSignal: AbortSignal;
  readonly #control: PipelineControl;
  readonly #failures: FailureLimit;
  /** What this pipeline cannot go on without. */
  #fatal: StopRequest | undefined;

  constructor(control: PipelineControl, maxFailures: PipelineOptions["maxFailures"]) {
    this.#control = control;
    this.#failures = new FailureLimit(maxFailures);
    this.signal = control.stop.aborting;
    this.feedSignal = AbortSignal.any([this.signal, control.stop.draining]);
  }

  /** No more files are taken. */
  get mustHalt(): boolean {
    return this.feedSignal.aborted;
  }

  /** Stops everything for an error; the first one becomes the outcome. */
  fail(error: unknown): void {
    // What an abort makes the others throw is no cause of its own.
    if (this.signal.aborted) return;
    this.#fatal = StopRequest.forError(toReuploadError(error));
    this.#control.stop.abort(this.#fatal);
  }

  /**
   * Counts a file or work item that came to its end; takes no more once too many failed.
   *
   * @param inFlight files under way
   */
  count(hasFailed: boolean, inFlight: number): void {
    this.#failures.count(hasFailed);
    if (this.#failures.isPassed(inFlight)) this.#control.stop.drain(this.#failures.stopRequest());
  }

  /** From now on this many failures are too many; those so far count. */
  limitFailures(limit: PipelineOptions["maxFailures"]): void {
    this.#failures.limit = limit;
  }

  /** @param isOver whether nothing is left that it would do without a stop */
  outcome(isOver: () => boolean): PipelineOutcome {
    if (this.#fatal !== undefined) return { kind: "stopped", request: this.#fatal };
    if (!this.mustHalt) return { kind: "finished" };
    const request = readStopRequest(this.feedSignal);
    return request.mattersOnlyIfWorkIsLeft && isOver() ? { kind: "finished" } : { kind: "stopped", request };
  }
}

/** Whether no work item is left, here or in partitions that are not here. */
export function isAllDone({ ledger }: Pick<Stages["state"], "ledger">): boolean {
  const { pending, in_progress: inProgress, not_mine: notMine } = ledger.tally().workItems;
  return pending + inProgress + notMine === 0;
}
