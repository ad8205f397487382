/**
 * What states of the original Python tool say, several of them as one: its shares were not a partition, so that the same
 * work item, and the same file, may stand in several. Kind: `original/`.
 */
import type { Share } from "../core/partition.ts";
import type { WorkItem } from "../core/work-item.ts";

/** A file that a state says is completed. */
export interface OriginalFile {
  readonly fileName: string;
  /** Link without query; undefined when the state has none. */
  readonly uri: string | undefined;
}

export interface OriginalWorkItem {
  /** In no order; each file once, whichever states have it. */
  readonly completed: readonly OriginalFile[];
  /** A state says that the work item as a whole is completed, which was not always true. */
  readonly saidCompleted: boolean;
}

/** Each thing counted once, whichever states have it. */
export interface OriginalCounts {
  /** Work items of this partition, and of the others, which are left out of all that follows. */
  readonly workItems: number;
  readonly otherPartitions: number;
  readonly completedFiles: number;
  /** In progress for ever: the tool was ended there. */
  readonly stuckWorkItems: number;
  readonly stuckFiles: number;
  /** Rows that name no work item, or a file whose job no row tells. */
  readonly unusableRows: number;
}

/** A state that something wrote to, or may have, while it was read. */
export interface StateInUse {
  readonly path: string;
  /** Such as `is open in process 4711 (python3)`. */
  readonly why: string;
}

export interface OriginalStates {
  readonly counts: OriginalCounts;
  /** Looks anew: whether the states are in use, or have changed since they were read. */
  inUse(): readonly StateInUse[];
  /** undefined when no state has the work item. */
  find(workItem: Pick<WorkItem, "jobId" | "workItemId">): OriginalWorkItem | undefined;
  /** Removes what was made for reading them. Repeating it is harmless. */
  close(): Promise<void>;
}

/**
 * Whether each file is a state of the original tool.
 *
 * @throws ReuploadError `state-missing`, `state-foreign`, `state-corrupt`, `usage` (not readable)
 */
export type CheckOriginalStates = (paths: readonly string[]) => void;

/**
 * Reads these states, changing neither them nor what lies beside them; what is written meanwhile may be missed. Memory is
 * flat: what they say is gathered in the folder `scratch`, which is removed at the end, and must hold nothing but what a
 * killed process left there.
 *
 * @param share this partition's share; the rest is counted and left out
 * @throws ReuploadError those of CheckOriginalStates, `disk-full`, `output-unwritable`; the signal's reason
 */
export type ReadOriginalStates = (
  paths: readonly string[],
  share: Share,
  options: { readonly scratch: string; readonly signal: AbortSignal },
) => Promise<OriginalStates>;
