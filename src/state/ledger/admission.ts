/** What a partition's checkpoint means for the work items of a state, and the other way round. */
import { bitmapWith, countBits, joinBits } from "../../core/bitmap.ts";
import {
  type Checkpoint,
  type CheckpointFailure,
  isOverRows,
  type OpenInCheckpoint,
  withLeftOut,
} from "../../core/checkpoint.ts";
import {
  type CheckpointState,
  newCheckpointStates,
  writeCheckpointState,
} from "../../core/checkpoint-states.ts";
import { ReuploadError } from "../../core/errors.ts";
import type { Receipt } from "../../core/receipt.ts";
import type { WorkItemStatus } from "../../core/states.ts";
import type { FilesElsewhere } from "../work-queue.ts";
import { FACT } from "./facts.ts";

/** What a state keeps of a partition that was admitted once. */
export interface PartitionRecord {
  readonly epoch: number;
  /** Files of work items that were done elsewhere. */
  readonly filesElsewhere: number;
  /** Work items that were done elsewhere and have no files. */
  readonly emptyElsewhere: number;
  /** Files that the run's filter leaves out, of work items that were done elsewhere. */
  readonly leftOutElsewhere: number;
  /** What failed elsewhere, by code; holds while a work item is failed that did not fail here. */
  readonly failuresElsewhere: readonly CheckpointFailure[];
}

/** Whether what a checkpoint says is later than what the state has; of a partition that never came here, it is. */
export function isLaterWord(said: Checkpoint | undefined, before: PartitionRecord): boolean {
  return said !== undefined && (before.epoch === 0 || said.epoch > before.epoch);
}

export const NEW_PARTITION: PartitionRecord = {
  epoch: 0,
  filesElsewhere: 0,
  emptyElsewhere: 0,
  leftOutElsewhere: 0,
  failuresElsewhere: [],
};

/** @throws ReuploadError `checkpoint-unusable` when the checkpoint is not this partition's, or is over other rows */
export function checkRows(checkpoint: Checkpoint, partition: number, rows: Checkpoint["rows"]): void {
  if (checkpoint.partition === partition && isOverRows(checkpoint, rows)) return;
  throw new ReuploadError(
    "checkpoint-unusable",
    `the checkpoint of partition ${partition} is of other rows: it has ${checkpoint.rows.count} ` +
      `(${checkpoint.rows.digest}), this state ${rows.count} (${rows.digest})`,
  );
}

/**
 * The status of a work item once its partition is admitted. What is done on either side stays done, and what is in
 * progress here stays so.
 *
 * @param isLater the checkpoint's epoch is above the state's
 */
export function admittedStatus(own: WorkItemStatus, said: CheckpointState, isLater: boolean): WorkItemStatus {
  if (own === "completed" || own === "empty" || own === "elsewhere" || own === "in_progress") return own;
  if (said === "done") return "elsewhere";
  // What failed and is to be tried again, or was left: the state's own word, unless the checkpoint's is later.
  if (own === "not_mine") return isLater ? said : "pending";
  return isLater ? said : own;
}

/**
 * Whether a work item had no files here and is to be looked up again: that it was done is then the state's own word from
 * before, unless the checkpoint's is later.
 *
 * @param ended it came to an end here, without files
 */
export function isEmptyAgain(own: WorkItemStatus, ended: boolean, isLater: boolean): boolean {
  return !isLater && ended && (own === "pending" || own === "not_mine");
}

/**
 * The facts of a file whose work item another machine has done: what had not come to its end here did so there, its
 * announcement included.
 */
export function factsDoneElsewhere(facts: number): number {
  if (facts & (FACT.completed | FACT.skipped)) return facts;
  return (facts & ~FACT.failed) | FACT.inTarget | FACT.announced | FACT.completed | FACT.elsewhere;
}

/**
 * The partition's record once it is admitted.
 *
 * @param here what the state has of it: completed files of work items that are not open (by `said`, too), work items that
 * are empty or were so (`isEmptyAgain`), files left out of those that are done, and failures, those from elsewhere included while they hold
 */
export function admittedRecord(
  before: PartitionRecord,
  said: Checkpoint | undefined,
  here: Pick<Checkpoint, "empty" | "failures"> & { readonly filesDone: number; readonly leftOut: number },
): PartitionRecord {
  const inOpen = (said?.open ?? []).reduce((sum, { completed }) => sum + countBits(completed), 0);
  const more = Math.max(0, (said?.files.done ?? 0) - inOpen - here.filesDone);
  return {
    epoch: Math.max(before.epoch, said?.epoch ?? 0) + 1,
    filesElsewhere: before.filesElsewhere + more,
    emptyElsewhere: before.emptyElsewhere + Math.max(0, (said?.empty ?? 0) - here.empty),
    leftOutElsewhere: before.leftOutElsewhere + Math.max(0, (said?.files.leftOut ?? 0) - here.leftOut),
    failuresElsewhere: addFailures(
      before.failuresElsewhere,
      unknownFailures(said?.failures ?? [], here.failures),
    ),
  };
}

/** What failed by `said` and is not among `here`. */
function unknownFailures(
  said: readonly CheckpointFailure[],
  here: readonly CheckpointFailure[],
): CheckpointFailure[] {
  return said
    .filter(({ outcome }) => outcome === "failed")
    .map(({ code, files, workItems }) => {
      const known = here.find((one) => one.outcome === "failed" && one.code === code);
      const more = (all: number, some: number | undefined) => Math.max(0, all - (some ?? 0));
      return {
        outcome: "failed" as const,
        code,
        files: more(files, known?.files),
        workItems: more(workItems, known?.workItems),
      };
    })
    .filter(({ files, workItems }) => files + workItems > 0);
}

/** Failures of both, by outcome and code. */
export function addFailures(
  a: readonly CheckpointFailure[],
  b: readonly CheckpointFailure[],
): CheckpointFailure[] {
  const sums = new Map<string, CheckpointFailure>();
  for (const { outcome, code, files, workItems } of [...a, ...b]) {
    const known = sums.get(`${outcome} ${code}`);
    sums.set(`${outcome} ${code}`, {
      outcome,
      code,
      files: files + (known?.files ?? 0),
      workItems: workItems + (known?.workItems ?? 0),
    });
  }
  return [...sums.values()];
}

/** What is known of the files that others completed, from two sources. Places of another lookup mean other files. */
export function mergeElsewhere(
  known: FilesElsewhere | undefined,
  said: FilesElsewhere,
  isLater: boolean,
): FilesElsewhere {
  if (known === undefined) return said;
  if (isSameReceipt(known.receipt, said.receipt)) {
    return { receipt: said.receipt, completed: joinBits(known.completed, said.completed) };
  }
  return isLater ? said : known;
}

function isSameReceipt(a: Receipt, b: Receipt): boolean {
  return a.count === b.count && a.digest === b.digest;
}

const SAID: Readonly<Record<WorkItemStatus, CheckpointState>> = {
  pending: "pending",
  in_progress: "pending",
  not_mine: "pending",
  completed: "done",
  empty: "done",
  elsewhere: "done",
  failed: "failed",
  skipped: "skipped",
};

/** Puts a checkpoint together from the work items of a partition, which are added in key order. */
export class CheckpointBuilder {
  readonly #rows: Checkpoint["rows"];
  readonly #states: Uint8Array;
  readonly #open: OpenInCheckpoint[] = [];
  #place = 0;
  #empty = 0;
  /** Files that another machine completed and no lookup here has met yet. */
  #unmet = { done: 0, total: 0 };

  constructor(rows: Checkpoint["rows"]) {
    this.#rows = rows;
    this.#states = newCheckpointStates(rows.count);
  }

  /** @param completed places of its completed files; undefined: of no interest, see `isOpen` */
  add(
    { status, receipt }: { readonly status: WorkItemStatus; readonly receipt: Receipt | undefined },
    completed: readonly number[] | undefined,
    elsewhere: FilesElsewhere | undefined,
  ): void {
    const place = this.#place++;
    writeCheckpointState(this.#states, place, SAID[status]);
    if (status === "empty") this.#empty++;
    if (!isOpen(status)) return;
    const bits = bitmapWith(completed ?? []);
    const own = receipt === undefined || bits.length === 0 ? undefined : { receipt, completed: bits };
    const open = elsewhere === undefined ? own : mergeElsewhere(own, elsewhere, false);
    if (open === undefined) return;
    this.#open.push({ place, ...open });
    const unmet = countBits(open.completed) - (own === undefined ? 0 : countBits(bits));
    this.#unmet.done += unmet;
    if (receipt === undefined) this.#unmet.total += unmet;
  }

  /** @throws ReuploadError `internal` when not every work item was added */
  checkpoint(
    rest: Pick<Checkpoint, "partition" | "failures" | "files"> & {
      readonly record: PartitionRecord;
    },
  ): Checkpoint {
    if (this.#place !== this.#rows.count) {
      const message = `the checkpoint holds ${this.#place} of ${this.#rows.count} work items`;
      throw new ReuploadError("internal", message);
    }
    const { record, files, ...facts } = rest;
    const failedElsewhere = record.failuresElsewhere.reduce((sum, failure) => sum + failure.files, 0);
    return {
      ...facts,
      epoch: record.epoch,
      rows: this.#rows,
      states: this.#states,
      empty: this.#empty + record.emptyElsewhere,
      open: this.#open,
      files: {
        ...files,
        done: files.done + this.#unmet.done,
        failed: files.failed + failedElsewhere,
        total: files.total + this.#unmet.total + failedElsewhere,
        ...withLeftOut((files.leftOut ?? 0) + record.leftOutElsewhere),
      },
      failures: addFailures(facts.failures, record.failuresElsewhere),
    };
  }
}

/** Whether its completed files belong into a checkpoint: it is neither done nor skipped. */
export function isOpen(status: WorkItemStatus): boolean {
  return SAID[status] === "pending" || SAID[status] === "failed";
}
