import { bitmapWith, isBitSet } from "../../core/bitmap.ts";
import { type Checkpoint, isOverRows } from "../../core/checkpoint.ts";
import { CsvDigest } from "../../core/csv-digest.ts";
import { ReuploadError } from "../../core/errors.ts";
import {
  type Family,
  type Gift,
  giftNumber,
  parentPartition,
  subPartition,
} from "../../core/sub-partition.ts";
import type { Counters } from "../ledger/counters.ts";
import type { GiftSplit } from "../gift-book.ts";
import { fromStatusColumn } from "./columns.ts";
import { allRows, firstRow, toWorkItem } from "./statements.ts";
import { type PartitionRow, WorkItemMoves } from "./work-item-moves.ts";
import type { Writing } from "./writing.ts";

interface FamilyRow extends PartitionRow {
  readonly partition: number;
}

/** Where work items are dealt to. */
interface Bin {
  /** undefined: a sub-partition that is to be made. */
  partition: number | undefined;
  files: number;
}

/**
 * What the partitions of a state have given away. A given-away work item has the number of its sub-partition in its row; the
 * rest follows from the rows.
 */
export class Families {
  readonly #writing: Writing;
  readonly #moves: WorkItemMoves;
  readonly #isHere: (partition: number) => boolean;
  readonly #onMoved: (partition: number) => void;
  /** By whole partition, the sub-partitions that have rows. */
  readonly #subs = new Map<number, Set<number>>();
  /** By whole partition; forgotten when rows move. */
  readonly #known = new Map<number, Family>();

  /** @param isHere whether a partition is in the queue now @param onMoved a partition has other rows than before */
  constructor(
    writing: Writing,
    isHere: (partition: number) => boolean,
    onMoved: (partition: number) => void,
  ) {
    this.#writing = writing;
    this.#moves = new WorkItemMoves(writing);
    this.#isHere = isHere;
    this.#onMoved = onMoved;
    if (writing.run.identity.partition !== "auto") return;
    type Row = { partition: number };
    const rows = allRows<Row>(writing.statements.subPartitions, subPartition(0, 1));
    for (const { partition } of rows) this.#subsOf(parentPartition(partition)).add(partition);
  }

  /** All that have rows of this partition's hash, itself first. */
  members(partition: number): readonly number[] {
    const parent = parentPartition(partition);
    return [parent, ...(this.#subs.get(parent) ?? [])];
  }

  /** The partition of a work item as its row has it now. */
  partitionOf(id: number, was: number): number {
    if (this.members(was).length === 1) return was;
    return (
      firstRow<{ partition: number }>(this.#writing.statements.partitionOfWorkItem, id)?.partition ?? was
    );
  }

  /** What a checkpoint of the partition tells; undefined when nothing was given away. */
  describe(partition: number): Family | undefined {
    if (this.members(partition).length === 1) return undefined;
    const { rows, gifts } = this.#family(parentPartition(partition));
    return {
      rows,
      gifts: giftNumber(partition) === 0 ? gifts : gifts.filter((one) => one.partition === partition),
    };
  }

  /**
   * Puts rows where a checkpoint says that they are, in the caller's transaction. What this state has given away and no
   * record names is taken back when the partition comes here: the write that was to tell of it was not accepted. A gift
   * whose sub-partition was here is named by a record.
   *
   * @throws ReuploadError `checkpoint-unusable` when the places are over other rows
   */
  apply(partition: number, said: Checkpoint | undefined, counters: Counters): void {
    const parent = parentPartition(partition);
    const gifts = said?.family?.gifts ?? [];
    if (giftNumber(partition) === 0 && !this.#isHere(partition)) {
      const named = new Set(gifts.map((gift) => gift.partition));
      for (const sub of this.members(parent).slice(1)) if (!named.has(sub)) this.#takeBack(sub);
    }
    if (said?.family === undefined) return;
    if (!isOverRows({ ...said, rows: said.family.rows }, this.#family(parent).rows)) {
      const message = `the checkpoint of partition ${parent} names places among other rows than this state has`;
      throw new ReuploadError("checkpoint-unusable", message);
    }
    for (const gift of gifts) this.#applyGift(parent, gift, counters);
  }

  /** As `GiftBook.give`; in the caller's transaction. */
  give(partition: number, split: GiftSplit, counters: Counters): number[] {
    const rows = this.offerable(partition);
    const last = Math.max(...this.members(partition).map(giftNumber));
    const here: Bin = { partition, files: split.besides };
    const bins = [
      here,
      ...Array.from({ length: split.pieces }, (): Bin => ({ partition: undefined, files: 0 })),
    ];
    const given: number[] = [];
    for (const row of rows) {
      const bin = bins.reduce((least, one) => (one.files < least.files ? one : least));
      bin.files += Math.max(1, row.surveyed_files ?? split.filesEach);
      if (bin === here) continue;
      if (bin.partition === undefined) {
        bin.partition = subPartition(partition, last + given.length + 1);
        given.push(bin.partition);
      }
      this.#put({ ...row, partition }, bin.partition, counters);
    }
    return given;
  }

  /** The rows that may be given away, those with most files first. */
  offerable(partition: number): PartitionRow[] {
    if (giftNumber(partition) > 0 || !this.#isHere(partition)) return [];
    return allRows<PartitionRow>(this.#writing.statements.offerable, partition);
  }

  /** After a transaction that did not come to its end: rows may be where they were. */
  forget(partition: number): void {
    const parent = parentPartition(partition);
    for (const member of this.members(parent)) this.#moved(parent, member);
    this.#subs.delete(parent);
    type Row = { partition: number };
    const rows = allRows<Row>(this.#writing.statements.subPartitions, subPartition(0, 1));
    for (const row of rows)
      if (parentPartition(row.partition) === parent) this.#subsOf(parent).add(row.partition);
  }

  #applyGift(parent: number, gift: Gift, counters: Counters): void {
    const sub = gift.partition;
    for (const [place, row] of this.#rows(parent).entries()) {
      const isGiven = isBitSet(gift.places, place);
      if (isGiven && row.partition !== sub) {
        // A gift of this state that nobody was told of.
        if (row.partition !== parent) this.#takeBack(row.partition);
        this.#put(row, sub, counters);
      } else if (!isGiven && row.partition === sub) this.#put(row, parent, counters);
    }
  }

  #takeBack(sub: number): void {
    const { statements } = this.#writing;
    if (firstRow(statements.findPartition, sub) !== undefined) return;
    const parent = parentPartition(sub);
    statements.joinPartition.run(parent, sub);
    this.#subs.get(parent)?.delete(sub);
    this.#moved(parent, sub);
  }

  #put(row: FamilyRow, to: number, counters: Counters): void {
    this.#writing.statements.setPartition.run(to, row.id);
    if (giftNumber(to) > 0) this.#subsOf(parentPartition(to)).add(to);
    this.#moved(row.partition, to);
    if (fromStatusColumn(row.status) === "pending" && !this.#isHere(to))
      this.#moves.move(row, "not_mine", counters);
  }

  #moved(from: number, to: number): void {
    this.#known.delete(parentPartition(to));
    this.#onMoved(from);
    this.#onMoved(to);
  }

  #family(parent: number): Family {
    const known = this.#known.get(parent);
    if (known !== undefined) return known;
    const digest = new CsvDigest();
    const places = new Map<number, number[]>();
    const rows = this.#rows(parent);
    for (const [place, row] of rows.entries()) {
      digest.add(toWorkItem(row));
      if (row.partition === parent) continue;
      const own = places.get(row.partition) ?? [];
      places.set(row.partition, own);
      own.push(place);
    }
    const gifts = [...places]
      .map(([partition, own]): Gift => ({ partition, places: bitmapWith(own) }))
      .toSorted((a, b) => a.partition - b.partition);
    const family = { rows: { count: rows.length, digest: digest.toString() }, gifts };
    this.#known.set(parent, family);
    return family;
  }

  /** All of a family in key order: some thousands. */
  #rows(parent: number): FamilyRow[] {
    return allRows<FamilyRow>(
      this.#writing.statements.familyInKeyOrder,
      JSON.stringify(this.members(parent)),
    );
  }

  #subsOf(parent: number): Set<number> {
    const subs = this.#subs.get(parent) ?? new Set();
    this.#subs.set(parent, subs);
    return subs;
  }
}
