import type { Catalog, Lookup } from "../catalog/catalog.ts";
import { workItemKey } from "../core/work-item.ts";
import type { Claim } from "../state/work-queue.ts";
import { RecentMean } from "./demand.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

/** What becomes of the answers. */
export interface LookUpTakers {
  readonly onAnswer: (claim: Claim, lookup: Lookup) => void;
  /** The catalog ended without an answer for this claim. */
  readonly onNoAnswer: (claim: Claim) => void;
  /** A lookup as a whole failed, also by the signal. */
  readonly onFailure: (thrown: unknown) => void;
  /** A lookup ended, in one way or another. */
  readonly onEnd: () => void;
}

/** The lookups under way. Once the signal aborts, no answer is handed on any more. */
export class LookUps {
  readonly filesPerWorkItem = new RecentMean();
  readonly ms = new RecentMean();
  /** Claims whose answer is awaited. */
  waiting = 0;
  readonly #surroundings: Surroundings;
  readonly #catalog: Catalog;
  readonly #signal: AbortSignal;
  readonly #takers: LookUpTakers;
  readonly #underWay = new Set<Promise<void>>();

  constructor(surroundings: Surroundings, catalog: Catalog, signal: AbortSignal, takers: LookUpTakers) {
    this.#surroundings = surroundings;
    this.#catalog = catalog;
    this.#signal = signal;
    this.#takers = takers;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Looks the claims' work items up; returns at once. */
  start(claims: readonly Claim[]): void {
    this.waiting += claims.length;
    const lookUp: Promise<void> = this.#lookUp(claims)
      .catch((thrown: unknown) => this.#takers.onFailure(thrown))
      .finally(() => {
        this.#underWay.delete(lookUp);
        this.#takers.onEnd();
      });
    this.#underWay.add(lookUp);
  }

  /** Resolves when those that were started have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #lookUp(claims: readonly Claim[]): Promise<void> {
    const waiting = new Map(claims.map((claim) => [workItemKey(claim.workItem), claim]));
    const asked = claims.map((claim) => claim.workItem);
    const began = this.#surroundings.monotonic();
    let isFirst = true;
    try {
      for await (const lookup of this.#catalog.lookup(asked, { signal: this.#signal })) {
        const key = workItemKey(lookup.workItem);
        const claim = waiting.get(key);
        if (claim === undefined) continue;
        waiting.delete(key);
        this.waiting--;
        if (isFirst) this.ms.add(this.#surroundings.monotonic() - began);
        isFirst = false;
        if (this.#signal.aborted) return;
        this.filesPerWorkItem.add(lookup.files.length);
        this.#takers.onAnswer(claim, lookup);
      }
    } finally {
      this.waiting -= waiting.size;
    }
    if (this.#signal.aborted) return;
    for (const claim of waiting.values()) this.#takers.onNoAnswer(claim);
  }
}
