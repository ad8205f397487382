import { finishedFiles } from "./progress-model.ts";
import type { StateSummary } from "../state/ledger.ts";

const MOST_STEPS = 120;

/** Files finished a second in steps of time, the last 120 of them: for the eye. */
export class RateHistory {
  readonly stepMs: number;
  readonly #rates: number[] = [];
  #from: { readonly at: number; readonly files: number } | undefined;

  /** @param stepMs about how long a step is; samples are to come at least as often */
  constructor(stepMs: number) {
    this.stepMs = stepMs;
  }

  /** A rate that was told, in place of samples. @param perSecond files */
  note(perSecond: number): void {
    this.#rates.push(perSecond);
    if (this.#rates.length > MOST_STEPS) this.#rates.shift();
  }

  /** @param at monotonic ms */
  add(at: number, summaries: readonly StateSummary[]): void {
    const files = summaries.reduce((sum, summary) => sum + finishedFiles(summary), 0);
    const from = this.#from;
    if (from !== undefined && at - from.at < this.stepMs) return;
    this.#from = { at, files };
    if (from === undefined) return;
    // A resume brings failed files back: that is no work undone.
    this.note((Math.max(0, files - from.files) / (at - from.at)) * 1_000);
  }

  /** Files a second, oldest first. */
  get rates(): readonly number[] {
    return this.#rates;
  }
}
