/**
 * The heart: claims work items from the state, has the catalog look their files up just ahead of need, keeps a pool
 * of file slots busy with transfer and announcement, and records every fact.
 *
 * ```
 * survey (counts, beside the rest)
 * claim -> lookup -> plan -> [ready files] -> [slot: transfer -> uploaded -> announce] -> completed -> committed
 * ```
 *
 * Everything between stages is bounded: no lookup starts while enough files are ready, and no more files than there are
 * slots wait for their commit, so that a crash repeats the announcements of twice as many at the most.
 */
import type { Catalog } from "../catalog/catalog.ts";
import type { OnCollision } from "../core/file-plan.ts";
import type { RunStop, StopRequest } from "../core/stop-request.ts";
import type { NameTemplate } from "../core/target-name.ts";
import type { WorkItem } from "../core/work-item.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { FailureRecord } from "../state/ledger.ts";
import type { OpenState } from "../state/state-kind.ts";
import type { TransferMethod } from "../transfer/transfer.ts";
import type { Supply } from "./demand.ts";
import type { PoolChange, ServiceLoad } from "./pool-size.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

export type { PoolChange, ServiceLoad, Supply };

export interface Stages {
  readonly surroundings: Surroundings;
  readonly state: Pick<OpenState, "queue" | "ledger" | "surveys">;
  readonly catalog: Catalog;
  readonly delivery: Delivery;
}

export interface PipelineOptions {
  /** W: work items open at once while their files fill the slots. */
  readonly workItemWorkers: number;
  /** F: W x F is the number of file slots, shared by all open work items, unless `slots` says otherwise. */
  readonly fileWorkers: number;
  /** So many file slots, or as many as are found to pay. */
  readonly slots?: number | AutoSlots;
  readonly template: NameTemplate;
  readonly onCollision: OnCollision;
  readonly onEmpty: "report" | "fail";
  readonly announceExisting: "always" | "never";
  /** When the run began, ms since the epoch: `announceExisting: never` leaves out blobs that are older than the run. */
  readonly runBegan: number;
  /**
   * Ends the run early when more failed in this start, judged once 100 files and work items came to their end.
   * A work item that fails as a whole counts as one.
   */
  readonly maxFailures: { readonly files: number } | { readonly percent: number } | undefined;
}

/** The threads that carry files. */
export interface CarryingThreads {
  /** For how long they were at work, the mean over them, ms; it only grows. */
  readonly activeMs: number;
  /** One more is being tried: what is measured now is not the slots' doing. */
  readonly isTrying: boolean;
}

/** A pool of file slots that finds its size. */
export interface AutoSlots {
  /** Asked several times a second. */
  readonly load: () => ServiceLoad;
  /** Left out: this thread alone carries files. */
  readonly threads?: CarryingThreads | undefined;
  /** Must not throw. */
  readonly onChange: (change: PoolChange) => void;
}

/** How the pipeline is stopped and steered. */
export interface PipelineControl {
  /** Draining: no new files are taken, those in the slots are finished. Aborting: those in the slots are given up, too. */
  readonly stop: RunStop;
  /**
   * Asked before a file is taken into a slot: whether work of this partition may begin now. What may not waits until
   * `RunningPipeline.goOn`. Everything may, when it is left out.
   */
  readonly mayBegin?: (partition: number) => boolean;
  /** Called once for every file that is done with, also when it was refused before a try; must not throw. */
  readonly onFile?: (report: FileReport) => void;
}

/** One file that is done with, in this start. */
export interface FileReport {
  readonly workItem: WorkItem;
  readonly fileName: string;
  readonly blobName: string;
  readonly outcome: "copied" | "already-there" | "announced" | "skipped" | "failed";
  readonly method?: TransferMethod;
  readonly bytes?: number | undefined;
  /** 0: it was refused before a try. */
  readonly attempts: number;
  readonly failure?: FailureRecord;
}

/** The pipeline's own live figures. */
export interface PipelineLive {
  /** File slots now: a pool that finds its size changes it. */
  readonly slots: number;
  readonly slotsInUse: number;
  readonly openWorkItems: number;
  /** Links that were about to end or were refused, and got a newer one from the catalog. */
  readonly linksRenewed: number;
  readonly miscounted: Miscounted;
  /** What is at hand for the slots; files done a millisecond, of late. */
  readonly supply?: Supply & { readonly filesPerMs: number };
}

/** Work items whose lookup gave another number of files than the catalog's count before: one of them is not whole. */
export interface Miscounted {
  readonly workItems: number;
  /** Files of theirs by the count, ... */
  readonly counted: number;
  /** ... and by the lookup. */
  readonly listed: number;
}

/**
 * - `finished`  no work item is left to claim and every claimed one came to its end; also when it was told to stop meanwhile
 * - `stopped`   drained or aborted, by the caller, by too many failures or by what the run cannot go on without; what was
 *               not done is pending again
 */
export type PipelineOutcome =
  | { readonly kind: "finished" }
  | { readonly kind: "stopped"; readonly request: StopRequest };

/** What may change while a pipeline runs; what is not named stays as it is. */
export interface PipelineChange {
  /** So many file slots, as many as are found to pay, or some more or fewer than there are now. */
  readonly slots?: number | AutoSlots | "more" | "fewer";
  readonly workItemWorkers?: number;
  readonly maxFailures?: PipelineOptions["maxFailures"];
}

export interface RunningPipeline {
  readonly live: PipelineLive;
  /** Files in flight are not cut off by it: a pool that shrinks takes fewer new ones. */
  change(change: PipelineChange): void;
  /**
   * Gives a work item back that was claimed ahead of need and of which no file was begun.
   *
   * @param isIt whether this is the one; it is asked of each open work item
   */
  giveBack(isIt: (workItem: WorkItem) => boolean): void;
  /** What could not begin (`PipelineControl.mayBegin`) is asked for again. */
  goOn(): void;
  /** Never rejects. */
  readonly outcome: Promise<PipelineOutcome>;
}
