/**
 * The heart: claims work items from the state, has the catalog look their files up just ahead of need, keeps a pool
 * of file slots busy with transfer and announcement, and records every fact.
 *
 * ```
 * claim -> lookup -> plan -> [ready files] -> slot: transfer -> uploaded -> announce -> completed -> committed
 * ```
 *
 * Everything between stages is bounded: no lookup starts while enough files are ready, and a slot is free again only
 * when its file's completion is committed, so that a crash repeats at most the announcements of the files in the slots.
 */
import type { Announcer } from "../announce/announcer.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { OnCollision } from "../core/file-plan.ts";
import type { NameTemplate } from "../core/target-name.ts";
import type { StateStore } from "../state/state-store.ts";
import type { Transfer } from "../transfer/transfer.ts";

export interface Stages {
  readonly store: StateStore;
  readonly catalog: Catalog;
  readonly transfer: Transfer;
  /** undefined with --no-queue. */
  readonly announcer: Announcer | undefined;
}

export interface PipelineOptions {
  /** W: work items open at once while their files fill the slots. */
  readonly workItemWorkers: number;
  /** F: W x F is the number of file slots, shared by all open work items. */
  readonly fileWorkers: number;
  readonly template: NameTemplate;
  readonly onCollision: OnCollision;
  readonly onEmpty: "report" | "fail";
  readonly announceExisting: "always" | "never";
}
