import { FailureLimit } from "./failure-limit.ts";
import type { PipelineControl, PipelineOptions, PipelineOutcome } from "./pipeline.ts";

/** How a pipeline comes to its end: the signals that stop its parts, and why they were given. */
export class PipelineEnd {
  /** Ends everything under way: the caller's abort, or an error that ends the run. */
  readonly signal: AbortSignal;
  /** Ends what only prepares further files, too: a drain needs none. */
  readonly feedSignal: AbortSignal;
  readonly #control: PipelineControl;
  readonly #stop = new AbortController();
  /** Takes no new files: too many failed. */
  readonly #halt = new AbortController();
  readonly #failures: FailureLimit;
  #fatal: { readonly error: unknown } | undefined;

  constructor(control: PipelineControl, maxFailures: PipelineOptions["maxFailures"]) {
    this.#control = control;
    this.#failures = new FailureLimit(maxFailures);
    this.signal = AbortSignal.any([control.abort, this.#stop.signal]);
    this.feedSignal = AbortSignal.any([this.signal, control.drain, this.#halt.signal]);
  }

  /** No more files are taken. */
  get mustHalt(): boolean {
    return this.feedSignal.aborted;
  }

  /** Stops everything for an error; the first one becomes the outcome. */
  fail(error: unknown): void {
    // What an abort makes the others throw is no cause of its own.
    if (this.#fatal === undefined && !this.#control.abort.aborted) this.#fatal = { error };
    this.#stop.abort(new Error("the run ends"));
  }

  /**
   * Counts a file or work item that came to its end; takes no more once too many failed.
   *
   * @param inFlight files under way
   */
  count(hasFailed: boolean, inFlight: number): void {
    this.#failures.count(hasFailed);
    if (this.#failures.isPassed(inFlight)) this.#halt.abort(new Error("too many failures"));
  }

  /** @param isAllDone whether nothing is left to do */
  outcome(isAllDone: () => boolean): PipelineOutcome {
    if (this.#fatal !== undefined) return { kind: "failed", error: this.#fatal.error };
    if (this.#halt.signal.aborted && !isAllDone()) {
      const { failed, finished } = this.#failures;
      return { kind: "too-many-failures", failed, finished };
    }
    return { kind: this.mustHalt && !this.#halt.signal.aborted ? "stopped" : "finished" };
  }
}
