import type { Lookup } from "../catalog/catalog.ts";
import { workItemKey } from "../core/work-item.ts";
import type { OriginalWorkItem } from "../state/original-states.ts";
import type { Claim } from "../state/work-queue.ts";
import type { ImportDoubt, ImportOptions, ImportOriginal, ImportReport, ImportStages } from "./import.ts";
import { takeOver } from "./take-over.ts";

/** Work items between two commits, and between two tellings of the progress. */
const CLAIMS = 32;
const MOST_NAMED = 5;

export const importOriginal: ImportOriginal = async (stages, options, { signal, onProgress }) => {
  const { queue, ledger } = stages.state;
  const importing = new Import(stages, options);
  for (let done = 0; ;) {
    signal.throwIfAborted();
    const answer = await queue.claim(CLAIMS, { signal });
    if (answer.kind !== "claims") return importing.report();
    await importing.take(answer.claims, signal);
    await ledger.committed();
    done += answer.claims.length;
    onProgress?.(done);
  }
};

interface Asked {
  readonly claim: Claim;
  readonly known: OriginalWorkItem;
}

class Import {
  readonly #stages: ImportStages;
  readonly #options: ImportOptions;
  #known = 0;
  #completedFilesOfKnown = 0;
  #completedWithFilesMissing = 0;
  #takenOver = 0;
  #notListed = 0;
  #refused = 0;
  #notLookedUp = 0;
  #lookupsFailed = 0;
  readonly #failedLookups: ImportReport["workItems"]["failedLookups"][number][] = [];

  constructor(stages: ImportStages, options: ImportOptions) {
    this.#stages = stages;
    this.#options = options;
  }

  async take(claims: readonly Claim[], signal: AbortSignal): Promise<void> {
    const { original, catalog, state } = this.#stages;
    const asked: Asked[] = [];
    for (const claim of claims) {
      const known = original.find(claim.workItem);
      if (known === undefined) continue;
      this.#known++;
      this.#completedFilesOfKnown += known.completed.length;
      if (known.saidCompleted || known.completed.length > 0) asked.push({ claim, known });
    }
    for (let at = 0; at < asked.length; at += catalog.batchSize) {
      await this.#lookUp(asked.slice(at, at + catalog.batchSize), signal);
    }
    state.queue.release(claims.map(({ id }) => id));
  }

  report(): ImportReport {
    const { counts } = this.#stages.original;
    return {
      original: counts,
      doubts: this.#doubts(),
      files: {
        completed: counts.completedFiles,
        takenOver: this.#takenOver,
        notListed: this.#notListed,
        refused: this.#refused,
        ofUnknownWorkItems: counts.completedFiles - this.#completedFilesOfKnown,
        notLookedUp: this.#notLookedUp,
      },
      workItems: {
        known: this.#known,
        unknown: counts.workItems - this.#known,
        completedWithFilesMissing: this.#completedWithFilesMissing,
        lookupsFailed: this.#lookupsFailed,
        failedLookups: this.#failedLookups,
      },
    };
  }

  #doubts(): ImportDoubt[] {
    const { original } = this.#stages;
    const inUse = original.inUse().map((state): ImportDoubt => ({ kind: "in-use", ...state }));
    if (this.#known === 0) return [...inUse, { kind: "nothing-shared" }];
    const isNothing = this.#completedFilesOfKnown > 0 && this.#takenOver === 0;
    return isNothing ? [...inUse, { kind: "nothing-taken-over" }] : inUse;
  }

  async #lookUp(asked: readonly Asked[], signal: AbortSignal): Promise<void> {
    const waiting = new Map(asked.map((item) => [workItemKey(item.claim.workItem), item]));
    const workItems = asked.map(({ claim }) => claim.workItem);
    for await (const lookup of this.#stages.catalog.lookup(workItems, { signal })) {
      const key = workItemKey(lookup.workItem);
      const item = waiting.get(key);
      if (item === undefined) continue;
      waiting.delete(key);
      if (lookup.failure === undefined) this.#takeAnswer(item, lookup);
      else this.#fail(item, lookup.failure.message);
    }
    for (const item of waiting.values()) this.#fail(item, "the catalog gave no answer");
  }

  #takeAnswer({ claim, known }: Asked, lookup: Lookup): void {
    const taken = takeOver(claim, known, lookup, this.#options);
    for (const event of taken.events) this.#stages.state.ledger.record(event);
    this.#takenOver += taken.takenOver;
    this.#notListed += taken.notListed;
    this.#refused += taken.refused;
    if (known.saidCompleted && taken.missing > 0) this.#completedWithFilesMissing++;
  }

  #fail({ claim, known }: Asked, message: string): void {
    this.#lookupsFailed++;
    this.#notLookedUp += known.completed.length;
    if (this.#failedLookups.length < MOST_NAMED) {
      this.#failedLookups.push({ workItem: claim.workItem, message });
    }
  }
}
