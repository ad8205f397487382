/**
 * What a slot does with a file: puts it into the target, then announces it. `LocalDelivery` does both here, by the two
 * stages; the threads of `--threads` do both in one of them, so that a file goes to a thread and comes back once.
 */
import type { CatalogFile } from "../core/file.ts";
import type { WorkSignals } from "../core/waits.ts";
import type { TransferredFile, TransferResult } from "../transfer/transfer.ts";

/**
 * Which blobs are announced once they are in the target: all, none, or those that were not there before a moment, ms since
 * the epoch.
 */
export type AnnounceRule = "always" | "never" | { readonly unlessThereBefore: number };

export interface DeliveryTask {
  readonly file: CatalogFile;
  readonly blobName: string;
  readonly announces: AnnounceRule;
}

/** The file is in the target; its announcement may be under way already. Called once at the most; must not throw. */
export type OnTransferred = (result: TransferredFile) => void;

export interface Announced {
  /** How often the announcement was tried. */
  readonly attempts: number;
}

export interface Delivered {
  readonly result: TransferResult;
  /** undefined: the rule, or a run without a queue, does not want it announced, or it was skipped. */
  readonly announced: Announced | undefined;
}

/** Kinds: `LocalDelivery`, `SlotThreads`. */
export interface Delivery {
  /** false: nothing is announced in this run, whatever a rule says. */
  readonly announces: boolean;

  /**
   * Puts the file into the target as `Transfer` says, tells `onTransferred`, and announces it as `Announcer` says.
   *
   * @throws what either of them throws; whether `onTransferred` was told, tells which
   */
  deliver(task: DeliveryTask, signals: WorkSignals, onTransferred?: OnTransferred): Promise<Delivered>;

  /** Announces a blob that is in the target. @throws as `Announcer` says; TypeError when nothing is announced in this run */
  announce(blobName: string, signals: WorkSignals): Promise<Announced>;
}

/** Whether the rule wants this file announced. */
export function mustAnnounce(rule: AnnounceRule, { existingSince }: TransferredFile): boolean {
  if (typeof rule === "string") return rule === "always";
  return existingSince === undefined || existingSince >= rule.unlessThereBefore;
}
