/**
 * Takes over what states of the original Python tool say: its completed files are recorded in a new state as being in
 * the target, so that `run --resume` does not send them again. Nothing else is believed: the tool marked work items
 * completed that had files missing.
 *
 * ```
 * claim -> what do the old states say? -> catalog -> plan -> uploaded (and completed) -> released: pending again
 * ```
 */
import type { Catalog } from "../catalog/catalog.ts";
import type { OnCollision } from "../core/file-plan.ts";
import type { NameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { OriginalCounts, OriginalStates } from "../state/original-states.ts";
import type { OpenState } from "../state/state-kind.ts";

export interface ImportStages {
  readonly original: OriginalStates;
  readonly catalog: Catalog;
  /** New: nothing of it is claimed yet. */
  readonly state: Pick<OpenState, "queue" | "ledger">;
}

/** As those of the run that goes on: they decide a file's name in the target. */
export interface ImportOptions {
  readonly template: NameTemplate;
  readonly onCollision: OnCollision;
  /** Nobody knows whether the files were announced: `always` owes them an announcement, `never` does not. */
  readonly announceExisting: "always" | "never";
}

export interface ImportControl {
  readonly signal: AbortSignal;
  /** Called now and then with how many of the new state's work items are looked at. */
  readonly onProgress?: (done: number) => void;
}

/** What became of the completed files of the old states; those counted in `completed` are in one of the others. */
export interface ImportedFiles {
  readonly completed: number;
  /** Recorded as being in the target; one that two states name differently counts twice. */
  readonly takenOver: number;
  /** The catalog does not list them (any more) under this name and link. */
  readonly notListed: number;
  /** Their target name is refused, or taken by another file of the work item. */
  readonly refused: number;
  /** Their work item is not in the CSV. */
  readonly ofUnknownWorkItems: number;
  /** Their work item could not be looked up. */
  readonly notLookedUp: number;
}

/** What makes an import doubtful: it is done as far as it goes, and somebody should look. */
export type ImportDoubt =
  /** What is written to the old state from now on is missed. */
  | { readonly kind: "in-use"; readonly path: string; readonly why: string }
  /** The CSV has no work item of the old states: it may be another batch's. */
  | { readonly kind: "nothing-shared" }
  /** The old states have completed files, and none was found in the catalog: it may be another batch's. */
  | { readonly kind: "nothing-taken-over" };

export interface ImportReport {
  readonly original: OriginalCounts;
  readonly doubts: readonly ImportDoubt[];
  readonly files: ImportedFiles;
  readonly workItems: {
    /** Both in the CSV and in an old state. */
    readonly known: number;
    /** In an old state, not in the CSV. */
    readonly unknown: number;
    /** An old state says completed, and files of the catalog are missing. */
    readonly completedWithFilesMissing: number;
    /** The catalog gave no answer; up to five are named. */
    readonly lookupsFailed: number;
    readonly failedLookups: readonly { readonly workItem: WorkItem; readonly message: string }[];
  };
}

export interface ImportOriginal {
  /**
   * Looks at each work item of the state once, and leaves all of them pending. When it ends early, what is recorded
   * holds.
   *
   * @throws ReuploadError what the catalog as a whole or the state throws; the signal's reason
   */
  (stages: ImportStages, options: ImportOptions, control: ImportControl): Promise<ImportReport>;
}
