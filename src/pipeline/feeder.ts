import type { Claim, WorkQueue } from "../state/work-queue.ts";
import { type Demand, workItemsToLookUp } from "./demand.ts";

export interface FeederOptions {
  readonly queue: WorkQueue;
  /** Ends the claiming: the run drains or stops. */
  readonly feedSignal: AbortSignal;
  /** Ends a claim that is under way. */
  readonly signal: AbortSignal;
  readonly demand: () => Demand;
  /** Whether a survey is under way, which may bring work items back. */
  readonly isSurveying: () => boolean;
  readonly onClaims: (claims: readonly Claim[]) => void;
}

/** Claims work items ahead of need. */
export class Feeder {
  readonly #options: FeederOptions;
  /** Why nothing more can be claimed, until that changes. */
  #noClaims: "nothing-now" | "all-done" | undefined;
  /** Nothing more is claimed. */
  readonly #over = new AbortController();
  #wake: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  /**
   * Resolves when nothing is left to claim and everything claimed is done, or when claiming is ended.
   *
   * @throws what the queue throws
   */
  async feed(): Promise<void> {
    try {
      for (let next = this.#next(); next !== "end"; next = this.#next()) {
        if (next === "wait") await this.#untilWoken();
        else await this.#claim(next);
      }
      if (this.#failure !== undefined && !this.#options.feedSignal.aborted) throw this.#failure.error;
    } finally {
      this.#over.abort();
    }
  }

  /** What it goes by may have changed. Each file that leaves its slot says so, and as a rule it has not. */
  wake(): void {
    if (this.#next() !== "wait") this.#wake();
  }

  /** How many work items to claim now, or what else there is to do. */
  #next(): number | "wait" | "end" {
    const { feedSignal, isSurveying, demand: ask } = this.#options;
    if (feedSignal.aborted || this.#failure !== undefined) return "end";
    const demand = ask();
    if (this.#noClaims === "all-done" && demand.openWorkItems === 0 && !isSurveying()) return "end";
    const wanted = this.#noClaims === undefined ? workItemsToLookUp(demand) : 0;
    return wanted > 0 ? wanted : "wait";
  }

  /** The queue has said that nothing is left to claim, and has not taken it back. */
  get hasClaimedAll(): boolean {
    return this.#noClaims === "all-done";
  }

  /** There may be something to claim again. */
  claimAgain(): void {
    this.#noClaims = undefined;
    this.#wake();
  }

  async #claim(max: number): Promise<void> {
    const { queue, signal, onClaims } = this.#options;
    const answer = await queue.claim(max, { signal });
    if (answer.kind === "claims") return onClaims(answer.claims);
    this.#noClaims = answer.kind;
    void this.#untilChanged();
  }

  async #untilChanged(): Promise<void> {
    try {
      await this.#options.queue.changed(this.#over.signal);
      this.claimAgain();
    } catch (error) {
      if (this.#over.signal.aborted) return;
      this.#failure = { error };
      this.#wake();
    }
  }

  async #untilWoken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = () => {};
  }
}
