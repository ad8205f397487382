import type { WorkItem } from "../../core/work-item.ts";
import { workItemCount } from "../ledger/counters.ts";
import type { RowPlace } from "./row-place.ts";
import { allRows, firstRow, type Statements } from "./statements.ts";
import { readCounters } from "./writing.ts";

const SAMPLES = 3;

/** How the rows of this partition in a CSV differ from those in the state; samples are `job/workItem`, up to three. */
export interface CsvDifference {
  readonly added: number;
  readonly addedSamples: readonly string[];
  readonly gone: number;
  readonly goneSamples: readonly string[];
  readonly renamed: number;
  readonly renamedSamples: readonly string[];
}

/**
 * Compares a CSV with the work items of a state, row by row as it is read: new rows are added (the caller's
 * transaction keeps or drops them), and a bit a known work item remembers that it was seen.
 */
export class CsvComparison {
  readonly #statements: Statements;
  readonly #place: RowPlace;
  readonly #lastKnown: number;
  readonly #knownCount: number;
  readonly #seen: Uint8Array;
  #seenCount = 0;
  #added = 0;
  #renamed = 0;
  readonly #renamedSamples: string[] = [];

  constructor(statements: Statements, place: RowPlace) {
    this.#statements = statements;
    this.#place = place;
    this.#lastKnown = firstRow<{ id: number }>(statements.lastWorkItemId)?.id ?? 0;
    this.#knownCount = workItemCount(readCounters(statements));
    this.#seen = new Uint8Array((this.#lastKnown >> 3) + 1);
  }

  /** Gives how many of these were new to this comparison. */
  take(workItems: readonly WorkItem[]): number {
    const before = this.#seenCount + this.#added;
    for (const workItem of workItems) this.#takeOne(workItem);
    return this.#seenCount + this.#added - before;
  }

  #takeOne(workItem: WorkItem): void {
    const { jobId, workItemId, workItemName } = workItem;
    const known = firstRow<{ id: number; name: string }>(this.#statements.findWorkItem, jobId, workItemId);
    if (known === undefined) {
      const columns = this.#place.columns(workItem);
      this.#statements.addWorkItem.run(jobId, workItemId, workItemName, ...columns);
      this.#added++;
    } else if (known.id <= this.#lastKnown && this.#markSeen(known.id) && known.name !== workItemName) {
      this.#renamed++;
      if (this.#renamed <= SAMPLES) this.#renamedSamples.push(`${jobId}/${workItemId}`);
    }
  }

  /** False when it was marked before: the first row of a key counts. */
  #markSeen(id: number): boolean {
    const byte = this.#seen[id >> 3] ?? 0;
    const bit = 1 << (id & 7);
    if (byte & bit) return false;
    this.#seen[id >> 3] = byte | bit;
    this.#seenCount++;
    return true;
  }

  /** After the whole CSV was taken. */
  difference(): CsvDifference {
    return {
      added: this.#added,
      addedSamples: allRows<KeyRow>(this.#statements.workItemsAfter, this.#lastKnown, SAMPLES).map(keyText),
      gone: this.#knownCount - this.#seenCount,
      goneSamples: this.#goneSamples(),
      renamed: this.#renamed,
      renamedSamples: this.#renamedSamples,
    };
  }

  #goneSamples(): string[] {
    const samples: string[] = [];
    for (let id = 1; id <= this.#lastKnown && samples.length < SAMPLES; id++) {
      if ((this.#seen[id >> 3] ?? 0) & (1 << (id & 7))) continue;
      const row = firstRow<KeyRow>(this.#statements.workItemById, id);
      if (row !== undefined) samples.push(keyText(row));
    }
    return samples;
  }
}

interface KeyRow {
  readonly job_id: string;
  readonly work_item_id: string;
}

function keyText(row: KeyRow): string {
  return `${row.job_id}/${row.work_item_id}`;
}
