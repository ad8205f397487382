import { setImmediate } from "node:timers/promises";
import type { Checkpoint, OpenInCheckpoint } from "../../core/checkpoint.ts";
import { readCheckpointState } from "../../core/checkpoint-states.ts";
import { CsvDigest } from "../../core/csv-digest.ts";
import { ReuploadError } from "../../core/errors.ts";
import {
  admittedRecord,
  admittedStatus,
  CheckpointBuilder,
  checkRows,
  isLaterWord,
  isOpen,
  mergeElsewhere,
  NEW_PARTITION,
  type PartitionRecord,
} from "../ledger/admission.ts";
import type { Counters } from "../ledger/counters.ts";
import { fromStatusColumn } from "./columns.ts";
import { type PartitionRow, WorkItemMoves } from "./work-item-moves.ts";
import { partitionFigures } from "./partition-figures.ts";
import { readElsewhere, readReceipt } from "./rows.ts";
import { allRows, firstRow, workItemOf } from "./statements.ts";
import type { Writing } from "./writing.ts";

/** Rows of one piece of a checkpoint: some milliseconds. */
const BATCH = 1_000;

/** The partitions of a state: which are in its queue, and what their checkpoints say. */
export class SqlitePartitions {
  readonly #writing: Writing;
  readonly #moves: WorkItemMoves;
  readonly #isAuto: boolean;
  /** In the queue now. */
  readonly #here = new Set<number>();
  /** By partition; the rows do not change while a state is open. */
  readonly #rows = new Map<number, Checkpoint["rows"]>();

  constructor(writing: Writing) {
    this.#writing = writing;
    this.#moves = new WorkItemMoves(writing);
    this.#isAuto = writing.run.identity.partition === "auto";
    if (!this.#isAuto) this.#here.add(writing.onlyPartition);
  }

  isHere(partition: number): boolean {
    return this.#here.has(partition);
  }

  admit(partition: number, said: Checkpoint | undefined): void {
    this.#check(partition);
    this.#writing.commitNow();
    if (said !== undefined) checkRows(said, partition, this.#rowsNow(partition));
    this.#writing.change((counters) => {
      const { statements } = this.#writing;
      const before = this.#record(partition);
      const { figures } = partitionFigures(this.#writing, partition, before);
      const empty = this.#isAuto || said === undefined ? 0 : counters.work_items_empty;
      const after = admittedRecord(before, said, {
        filesDone: figures.done - this.#completedInOpen(partition),
        empty: empty + before.emptyElsewhere,
      });
      this.#admitRows(partition, said, isLaterWord(said, before), counters);
      counters.files_elsewhere += after.filesElsewhere - before.filesElsewhere;
      counters.files_total += after.filesElsewhere - before.filesElsewhere;
      statements.putPartition.run(partition, after.epoch, after.filesElsewhere, after.emptyElsewhere);
    });
    this.#here.add(partition);
  }

  #admitRows(partition: number, said: Checkpoint | undefined, isLater: boolean, counters: Counters): void {
    if (said === undefined && this.#here.has(partition)) return;
    const open = new Map((said?.open ?? []).map((one) => [one.place, one]));
    let place = 0;
    for (const rows of this.#inKeyOrder(partition)) {
      for (const row of rows) {
        const own = fromStatusColumn(row.status);
        const state = said === undefined ? "pending" : readCheckpointState(said.states, place);
        const to = admittedStatus(own, state, isLater);
        if (to !== own) this.#moves.move(row, to, counters);
        const known = open.get(place++);
        if (known !== undefined && isOpen(to) && own !== "in_progress")
          this.#putElsewhere(row.id, known, isLater);
      }
    }
  }

  #putElsewhere(id: number, { receipt, completed }: OpenInCheckpoint, isLater: boolean): void {
    const { statements } = this.#writing;
    const merged = mergeElsewhere(readElsewhere(statements, id), { receipt, completed }, isLater);
    statements.putElsewhere.run(id, merged.receipt.count, merged.receipt.digest, merged.completed);
  }

  withdraw(partition: number): void {
    if (!this.#here.has(partition)) return;
    this.#writing.change((counters) => {
      for (const rows of this.#inKeyOrder(partition)) {
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
    const rows = await this.#rowsInPieces(partition, signal);
    const builder = new CheckpointBuilder(rows);
    const { completedPlaces } = this.#writing.statements;
    for (const batch of this.#inKeyOrder(partition)) {
      for (const row of batch) {
        const status = fromStatusColumn(row.status);
        const receipt = readReceipt(row);
        if (!isOpen(status)) {
          builder.add({ status, receipt }, undefined, undefined);
          continue;
        }
        const places =
          receipt && allRows<{ place: number }>(completedPlaces, row.id).map(({ place }) => place);
        builder.add({ status, receipt }, places, readElsewhere(this.#writing.statements, row.id));
      }
      await this.#pause(signal);
    }
    const record = this.#record(partition);
    const { figures: files, failures } = partitionFigures(this.#writing, partition, record);
    return builder.checkpoint({ partition, record, failures, files });
  }

  /** How many rows the partition has, and their digest. */
  #rowsNow(partition: number): Checkpoint["rows"] {
    const known = this.#rows.get(partition);
    if (known !== undefined) return known;
    const digest = new RowsDigest();
    for (const batch of this.#inKeyOrder(partition)) digest.add(batch);
    this.#rows.set(partition, digest.rows);
    return digest.rows;
  }

  async #rowsInPieces(partition: number, signal: AbortSignal): Promise<Checkpoint["rows"]> {
    const known = this.#rows.get(partition);
    if (known !== undefined) return known;
    const digest = new RowsDigest();
    for (const batch of this.#inKeyOrder(partition)) {
      digest.add(batch);
      await this.#pause(signal);
    }
    this.#rows.set(partition, digest.rows);
    return digest.rows;
  }

  /** Lets others have their turn. @throws when the state was closed meanwhile; the signal's reason */
  async #pause(signal: AbortSignal): Promise<void> {
    await setImmediate();
    signal.throwIfAborted();
    this.#writing.refuseClosed();
  }

  *#inKeyOrder(partition: number): Generator<readonly PartitionRow[]> {
    const { partitionInKeyOrder, wholeInKeyOrder } = this.#writing.statements;
    for (let job = "", id = ""; ;) {
      const rows = this.#isAuto
        ? allRows<PartitionRow>(partitionInKeyOrder, partition, job, id, BATCH)
        : allRows<PartitionRow>(wholeInKeyOrder, job, id, BATCH);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      ({ job_id: job, work_item_id: id } = last);
    }
  }

  /** Completed files of work items that a checkpoint calls open. */
  #completedInOpen(partition: number): number {
    const { completedInOpen, completedInOpenOfPartition } = this.#writing.statements;
    const row = this.#isAuto
      ? firstRow<{ files: number }>(completedInOpenOfPartition, partition)
      : firstRow<{ files: number }>(completedInOpen);
    return row?.files ?? 0;
  }

  #record(partition: number): PartitionRecord {
    type Row = { epoch: number; files_elsewhere: number; empty_elsewhere: number };
    const row = firstRow<Row>(this.#writing.statements.findPartition, partition);
    if (row === undefined) return NEW_PARTITION;
    const { epoch, files_elsewhere: filesElsewhere, empty_elsewhere: emptyElsewhere } = row;
    return { epoch, filesElsewhere, emptyElsewhere };
  }

  #check(partition: number): void {
    const { totalPartitions } = this.#writing.run.identity;
    const isOne = this.#isAuto
      ? Number.isSafeInteger(partition) && partition >= 0 && partition < totalPartitions
      : partition === this.#writing.onlyPartition;
    if (isOne) return;
    throw new ReuploadError("internal", `the state has no partition ${partition}`);
  }
}

class RowsDigest {
  readonly #digest = new CsvDigest();
  #count = 0;

  add(rows: readonly PartitionRow[]): void {
    for (const row of rows) this.#digest.add(workItemOf(row));
    this.#count += rows.length;
  }

  get rows(): Checkpoint["rows"] {
    return { count: this.#count, digest: this.#digest.toString() };
  }
}
