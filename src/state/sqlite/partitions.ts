import type { Checkpoint, CheckpointFailure, OpenInCheckpoint } from "../../core/checkpoint.ts";
import { readCheckpointState } from "../../core/checkpoint-states.ts";
import { ReuploadError } from "../../core/errors.ts";
import { parentPartition } from "../../core/sub-partition.ts";
import {
  addFailures,
  admittedRecord,
  admittedStatus,
  type CheckpointBuilder,
  checkRows,
  isEmptyAgain,
  isLaterWord,
  isOpen,
  mergeElsewhere,
  NEW_PARTITION,
  type PartitionRecord,
} from "../ledger/admission.ts";
import type { Counters } from "../ledger/counters.ts";
import type { GiftBook, GiftSplit } from "../gift-book.ts";
import { CheckpointScan } from "./checkpoint-scan.ts";
import { fromStatusColumn } from "./columns.ts";
import { Families } from "./families.ts";
import { WorkItemMoves } from "./work-item-moves.ts";
import { partitionFigures, storedBytes } from "./partition-figures.ts";
import { readElsewhere } from "./rows.ts";
import { allRows, firstRow, type Statements } from "./statements.ts";
import type { Writing } from "./writing.ts";

/** The partitions of a state: which are in its queue, and what their checkpoints say. */
export class SqlitePartitions implements GiftBook {
  readonly #writing: Writing;
  readonly #moves: WorkItemMoves;
  readonly #families: Families;
  readonly #isAuto: boolean;
  /** In the queue now. */
  readonly #here = new Set<number>();
  readonly #scans = new Map<number, CheckpointScan>();

  constructor(writing: Writing) {
    this.#writing = writing;
    this.#moves = new WorkItemMoves(writing);
    this.#isAuto = writing.run.identity.partition === "auto";
    if (!this.#isAuto) this.#here.add(writing.onlyPartition);
    this.#families = new Families(
      writing,
      (partition) => this.#here.has(partition),
      (partition) => this.#scans.delete(partition),
    );
  }

  isHere(partition: number): boolean {
    return this.#here.has(partition);
  }

  /** Where a work item that was of this partition belongs now. */
  partitionOf(id: number, was: number): number {
    return this.#isAuto ? this.#families.partitionOf(id, was) : was;
  }

  offerable(partition: number): ReturnType<GiftBook["offerable"]> {
    this.#writing.commitNow();
    const rows = this.#families.offerable(partition);
    const counted = rows.flatMap(({ surveyed_files: files }) => files ?? []);
    const files = counted.reduce((sum, count) => sum + count, 0);
    return { workItems: rows.length, files, uncounted: rows.length - counted.length };
  }

  give(partition: number, split: GiftSplit): readonly number[] {
    this.#check(partition);
    return this.#changeFamily(partition, (counters) => this.#families.give(partition, split, counters));
  }

  sizes(): Map<number, number> {
    type Row = { partition: number; work_items: number };
    const rows = allRows<Row>(this.#writing.statements.sizesOfPartitions, this.#writing.onlyPartition);
    return new Map(rows.map(({ partition, work_items: workItems }) => [partition, workItems]));
  }

  left(partition: number): { readonly all: number; readonly inProgress: number } {
    this.#check(partition);
    this.#writing.commitNow();
    const { leftInPartition, leftInWhole } = this.#writing.statements;
    type Row = { work_items: number; in_progress: number };
    const row = this.#isAuto ? firstRow<Row>(leftInPartition, partition) : firstRow<Row>(leftInWhole);
    return { all: row?.work_items ?? 0, inProgress: row?.in_progress ?? 0 };
  }

  admit(partition: number, said: Checkpoint | undefined): void {
    this.#check(partition);
    this.#writing.commitNow();
    this.#changeFamily(partition, (counters) => {
      this.#families.apply(partition, said, counters);
      if (said !== undefined) checkRows(said, partition, this.#scan(partition).rows());
      const { statements } = this.#writing;
      const before = this.#record(partition);
      const { figures, failures, empty } = partitionFigures(this.#writing, partition, before);
      const filesDone = figures.done - this.#completedInOpen(partition);
      const { more, emptyAgain } = this.#admitRows(partition, said, isLaterWord(said, before), counters);
      const after = admittedRecord(before, said, {
        filesDone: filesDone + more,
        empty: empty + emptyAgain + before.emptyElsewhere,
        leftOut: (figures.leftOut ?? 0) + before.leftOutElsewhere,
        failures: addFailures(failures, before.failuresElsewhere),
      });
      counters.files_elsewhere += after.filesElsewhere - before.filesElsewhere;
      counters.files_total += after.filesElsewhere - before.filesElsewhere;
      counters.files_left_out += after.leftOutElsewhere - before.leftOutElsewhere;
      statements.putPartition.run(
        partition,
        after.epoch,
        after.filesElsewhere,
        after.emptyElsewhere,
        after.leftOutElsewhere,
        JSON.stringify(after.failuresElsewhere),
      );
    });
    if (this.#isAuto)
      this.#writing.context.bytes.begin(partition, storedBytes(this.#writing.statements, partition));
    this.#here.add(partition);
  }

  /** Rows of the family may move. */
  #changeFamily<T>(partition: number, change: (counters: Counters) => T): T {
    try {
      return this.#writing.change(change);
    } catch (thrown) {
      if (this.#isAuto) this.#families.forget(partition);
      throw thrown;
    }
  }

  /** @returns `more`: files that are completed now in work items that are open no more */
  #admitRows(
    partition: number,
    said: Checkpoint | undefined,
    isLater: boolean,
    counters: Counters,
  ): { readonly more: number; readonly emptyAgain: number } {
    let [more, emptyAgain] = [0, 0];
    if (said === undefined && this.#here.has(partition)) return { more, emptyAgain };
    const open = new Map((said?.open ?? []).map((one) => [one.place, one]));
    let place = 0;
    for (const rows of this.#scan(partition).pieces()) {
      for (const row of rows) {
        const own = fromStatusColumn(row.status);
        const isEmpty = isEmptyAgain(own, row.finished_at !== null && !row.files_total, isLater);
        if (isEmpty) emptyAgain++;
        const state = said === undefined || isEmpty ? "pending" : readCheckpointState(said.states, place);
        const to = admittedStatus(own, state, isLater);
        if (to !== own) more += this.#moves.move(row, to, counters);
        const known = open.get(place++);
        if (known !== undefined && isOpen(to) && own !== "in_progress")
          this.#putElsewhere(row.id, known, isLater);
      }
    }
    return { more, emptyAgain };
  }

  #putElsewhere(id: number, { receipt, completed }: OpenInCheckpoint, isLater: boolean): void {
    const { statements } = this.#writing;
    const merged = mergeElsewhere(readElsewhere(statements, id), { receipt, completed }, isLater);
    statements.putElsewhere.run(id, merged.receipt.count, merged.receipt.digest, merged.completed);
  }

  withdraw(partition: number): void {
    if (!this.#here.has(partition)) return;
    this.#writing.change((counters) => {
      for (const rows of this.#scan(partition).pieces()) {
        for (const row of rows) {
          if (fromStatusColumn(row.status) === "pending") this.#moves.move(row, "not_mine", counters);
        }
      }
    });
    this.#here.delete(partition);
  }

  async checkpoint(partition: number, signal: AbortSignal): Promise<Checkpoint> {
    signal.throwIfAborted();
    this.#check(partition);
    this.#writing.refuseClosed();
    const scan = this.#scan(partition);
    const checkpoint = await scan.build(signal, (...built) => this.#finish(partition, scan, ...built));
    return checkpoint ?? this.checkpoint(partition, signal);
  }

  /**
   * @param statements those that have read the builder's work items
   * @returns undefined when rows have moved meanwhile, or the partition was admitted anew
   */
  #finish(
    partition: number,
    scan: CheckpointScan,
    builder: CheckpointBuilder,
    statements: Statements,
  ): Checkpoint | undefined {
    const record = this.#record(partition, statements);
    if (this.#scan(partition) !== scan || this.#record(partition).epoch !== record.epoch) return undefined;
    const family = this.#families.describe(partition);
    const { run, context } = this.#writing;
    const { figures: files, failures } = partitionFigures({ run, context, statements }, partition, record);
    const checkpoint = builder.checkpoint({ partition, record, failures, files });
    return family === undefined ? checkpoint : { ...checkpoint, family };
  }

  #scan(partition: number): CheckpointScan {
    const known = this.#scans.get(partition);
    if (known !== undefined) return known;
    const scan = new CheckpointScan(this.#writing, this.#isAuto ? partition : undefined);
    this.#scans.set(partition, scan);
    return scan;
  }

  /** Completed files of work items that a checkpoint calls open. */
  #completedInOpen(partition: number): number {
    const { completedInOpen, completedInOpenOfPartition } = this.#writing.statements;
    const row = this.#isAuto
      ? firstRow<{ files: number }>(completedInOpenOfPartition, partition)
      : firstRow<{ files: number }>(completedInOpen);
    return row?.files ?? 0;
  }

  #record(partition: number, statements: Statements = this.#writing.statements): PartitionRecord {
    type Row = {
      epoch: number;
      files_elsewhere: number;
      empty_elsewhere: number;
      left_out_elsewhere: number;
      failures_elsewhere: string;
    };
    const row = firstRow<Row>(statements.findPartition, partition);
    if (row === undefined) return NEW_PARTITION;
    const { epoch, files_elsewhere: filesElsewhere, empty_elsewhere: emptyElsewhere } = row;
    const isHeld = this.#isFailedElsewhere(partition, statements);
    const failuresElsewhere = isHeld ? (JSON.parse(row.failures_elsewhere) as CheckpointFailure[]) : [];
    const { left_out_elsewhere: leftOutElsewhere } = row;
    return { epoch, filesElsewhere, emptyElsewhere, leftOutElsewhere, failuresElsewhere };
  }

  /** Whether a work item is failed that did not fail here. */
  #isFailedElsewhere(
    partition: number,
    { failedElsewhere, failedElsewhereOfPartition }: Statements,
  ): boolean {
    const found = this.#isAuto ? failedElsewhereOfPartition.get(partition) : failedElsewhere.get();
    return found !== undefined;
  }

  #check(partition: number): void {
    const { totalPartitions } = this.#writing.run.identity;
    const isOne = this.#isAuto
      ? Number.isSafeInteger(partition) && partition >= 0 && parentPartition(partition) < totalPartitions
      : partition === this.#writing.onlyPartition;
    if (isOne) return;
    throw new ReuploadError("internal", `the state has no partition ${partition}`);
  }
}
