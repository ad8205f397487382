import type { Lookup } from "../catalog/catalog.ts";
import type { Claim } from "../state/work-queue.ts";
import { CountCheck } from "./count-check.ts";
import { type EndWithoutFiles, endWithoutFiles } from "./end-without-files.ts";
import { chooseName, type FileTask, OpenWorkItem } from "./open-work-item.ts";
import type { OpenWorkItems } from "./open-work-items.ts";
import type { PipelineControl, PipelineOptions, Stages } from "./pipeline.ts";

export interface OpenerOptions {
  readonly stages: Stages;
  readonly options: PipelineOptions;
  readonly open: OpenWorkItems;
  readonly onFile: PipelineControl["onFile"];
  /** A work item has files to do. */
  readonly onFiles: (files: readonly FileTask[]) => void;
  /** A work item failed as a whole. */
  readonly onFailure: () => void;
}

/** Takes what the catalog answers: opens the work items that have files to do, ends the others. */
export class Opener {
  /** Links that got a newer one from the catalog. */
  readonly links = { renewed: 0 };
  /** Lookups that list other numbers of files than were counted. */
  readonly miscounted = new CountCheck();
  readonly #with: OpenerOptions;

  constructor(options: OpenerOptions) {
    this.#with = options;
  }

  takeAnswer(claim: Claim, lookup: Lookup): void {
    const { stages, options, open, onFile, onFiles } = this.#with;
    if (claim.lost.aborted) return open.giveBack([claim.id]);
    this.miscounted.noteLookup(claim, lookup);
    const end = endWithoutFiles(claim, lookup, options);
    if (end !== undefined) return this.#end(claim, end);
    const item = new OpenWorkItem(claim, chooseName(claim, lookup), stages, this.links, onFile);
    open.opened(item);
    const tasks = item.open(claim, lookup, options);
    if (item.isDone) open.finish(item);
    else onFiles(tasks);
  }

  /** The catalog's contract is one answer each; one that is missing must not be taken for "no files". */
  noAnswer(claim: Claim): void {
    if (claim.lost.aborted) return this.#with.open.giveBack([claim.id]);
    const message = "the catalog gave no answer for this work item";
    this.#end(claim, { status: "failed", failure: { code: "catalog-error", message, attempts: 1 } });
  }

  /** Records the end of a work item that has no file to do. */
  #end(claim: Claim, { status, failure }: EndWithoutFiles): void {
    const { stages, open, onFailure } = this.#with;
    const event = { kind: "work-item-finished", workItem: claim.id, status } as const;
    stages.state.ledger.record(failure === undefined ? event : { ...event, failure });
    if (status === "failed") onFailure();
    open.close(claim.id);
  }
}
