import type { Lookup, Survey } from "../catalog/catalog.ts";
import { type WorkItem, workItemKey } from "../core/work-item.ts";
import type { Claim } from "../state/work-queue.ts";
import type { Miscounted } from "./pipeline.ts";

/** Work items that are kept for the comparison; those beyond are not compared. */
const MOST_KEPT = 10_000;

/**
 * Compares what the catalog counted with what its lookups listed, whichever comes first: an answer that lacks rows
 * shows so. Nothing follows from it but a remark, because files may have come or gone between the two.
 */
export class CountCheck implements Miscounted {
  workItems = 0;
  counted = 0;
  listed = 0;
  /** Listed files of work items whose count may still come, by key. */
  readonly #listed = new Map<string, number>();
  /** Work items that are told already. */
  readonly #told = new Set<string>();

  /** A lookup was answered. One that failed, or has rows that cannot be used, needs no remark: its work item fails. */
  noteLookup({ workItem, surveyedFiles }: Claim, { files, problems, failure }: Lookup): void {
    if (failure !== undefined || problems.length > 0) return;
    if (surveyedFiles !== undefined) this.#compare(workItem, surveyedFiles, files.length);
    else if (this.#listed.size < MOST_KEPT) this.#listed.set(workItemKey(workItem), files.length);
  }

  /** The catalog gave its counts. */
  noteSurveys(surveys: readonly Survey[]): void {
    if (this.#listed.size === 0) return;
    for (const { workItem, files } of surveys) {
      const key = workItemKey(workItem);
      const listed = this.#listed.get(key);
      if (listed === undefined) continue;
      this.#listed.delete(key);
      this.#compare(workItem, files, listed);
    }
  }

  #compare(workItem: WorkItem, counted: number, listed: number): void {
    const key = workItemKey(workItem);
    if (counted === listed || this.#told.has(key)) return;
    if (this.#told.size < MOST_KEPT) this.#told.add(key);
    this.workItems++;
    this.counted += counted;
    this.listed += listed;
  }
}
