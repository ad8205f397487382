/** Which work items are to be counted or looked at again, and what was found. */
import type { WorkItem } from "../core/work-item.ts";

export interface SurveyBook {
  /**
   * The pending work items that were never looked up, in batches, so that their files can be counted. With
   * `OpenOptions.only`, of these alone. May be asked for again; reads as it is iterated.
   *
   * @throws ReuploadError `internal`; the signal's reason, between two batches
   */
  toSurvey(options: { readonly signal: AbortSignal }): AsyncIterable<readonly WorkItem[]>;

  /**
   * All work items of the state in batches, whatever became of them: for a survey of the whole run.
   *
   * @throws as `toSurvey`
   */
  all(options: { readonly signal: AbortSignal }): AsyncIterable<readonly WorkItem[]>;

  /**
   * The work items that an earlier start completed, in batches, so that it is noticed what has changed since. None with
   * `OpenOptions.only`, and none of those that another machine completed: nobody knows their receipt here. None in a run
   * that takes partitions as they get free: a partition that is done is nobody's to change.
   *
   * @throws as `toSurvey`
   */
  toRecheck(options: { readonly signal: AbortSignal }): AsyncIterable<readonly WorkItem[]>;

  /**
   * Takes what a survey or a recheck says. A work item never looked up gets its place in the order of claims; a
   * completed one whose count, or digest when there is one, is not its receipt's is pending again, to be looked up anew.
   * Work items in progress, failed or unknown are passed over. Committed when it returns, or nothing has changed; some
   * thousand at once are best. Repeating it is harmless.
   *
   * @returns how many work items are pending again
   * @throws ReuploadError `disk-full`, `internal`
   */
  note(surveys: readonly SurveyedWorkItem[]): number;
}

/** What a survey says of one work item (see the catalog's door). */
export interface SurveyedWorkItem {
  readonly workItem: WorkItem;
  readonly files: number;
  /** ms since the epoch. */
  readonly linksEndAt: number | undefined;
  /** The receipt's digest, when names and links were read. */
  readonly digest?: string;
}
