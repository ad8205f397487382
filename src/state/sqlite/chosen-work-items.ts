import type { DatabaseSync, StatementSync } from "node:sqlite";
import { NOT_SURVEYED } from "../ledger/surveyed.ts";
import type { OpenOptions } from "../state-kind.ts";
import type { PendingWorkItems } from "./pending-work-items.ts";
import type { WorkItemRow } from "./rows.ts";
import { allRows, firstRow, type KeyRow, type Statements } from "./statements.ts";

type Only = NonNullable<OpenOptions["only"]>;
type CanarySize = Extract<Only, { canary: unknown }>["canary"];

interface PendingRow {
  readonly id: number;
  readonly surveyed_files: number | null;
  readonly links_end: number | null;
}

/** Those that are left to claim, in the order of claims. */
export const CHOSEN_TABLE = `
  CREATE TEMP TABLE chosen (
    id INTEGER PRIMARY KEY,
    links_end INTEGER NOT NULL,
    files INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX temp.chosen_order ON chosen (links_end, files DESC);
`;

/** Before every hour in which links end. */
const BUMPED_FIRST = -1_000_000_000;

/** They need the table `chosen`, unlike all others. */
export const CHOSEN_SQL = {
  choose: `INSERT INTO chosen (id, links_end, files) VALUES (?, ?, ?)`,
  nextChosen: `SELECT w.* FROM chosen c CROSS JOIN work_item w ON w.id = c.id
    WHERE w.status = 0 ORDER BY c.links_end, c.files DESC, c.id LIMIT ?`,
  bumpChosen: `UPDATE chosen SET links_end = ? WHERE id = ?`,
  dropChosen: `DELETE FROM chosen WHERE id = ?`,
  placeChosen: `UPDATE chosen SET files = ?, links_end = ? WHERE id = ?`,
  chosenNotLookedUp: `SELECT w.id, w.job_id, w.work_item_id, w.name FROM chosen c CROSS JOIN work_item w ON w.id = c.id
    WHERE c.id > ? AND w.status = 0 AND w.receipt_count IS NULL ORDER BY c.id LIMIT ?`,
} as const;

/**
 * The pending work items that `--limit` or `--sample` chose when the run was started, in a temporary table beside the
 * state (memory stays flat however many they are); it is gone with the connection.
 */
export class ChosenWorkItems implements PendingWorkItems {
  readonly #statements: Readonly<Record<keyof typeof CHOSEN_SQL, StatementSync>>;

  #bumps = 0;
  readonly #all: Statements;
  /** Chooses when the first are asked for: until then surveys may tell how many files work items have. */
  #waiting: (() => void) | undefined;

  /** @param random a number in [0, 1) */
  constructor(db: DatabaseSync, statements: Statements, only: Only, random: () => number) {
    db.exec(CHOSEN_TABLE);
    const prepared = Object.entries(CHOSEN_SQL).map(([verb, sql]) => [verb, db.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof CHOSEN_SQL, StatementSync>;
    this.#all = statements;
    if ("canary" in only) this.#waiting = () => this.#chooseAtRandom(statements, only.canary, random);
    else this.#choose(statements, only);
  }

  /** One of each of so many strides of equal length, in the order of sizes: small and large ones are among them. */
  #chooseAtRandom(statements: Statements, size: CanarySize, random: () => number): void {
    const pending = firstRow<{ pending: number }>(statements.countPending)?.pending ?? 0;
    const wanted = "count" in size ? size.count : Math.round((pending * size.percent) / 100);
    const count = Math.min(pending, Math.max(1, wanted));
    let [place, stride] = [0, 0];
    let chosen = placeInStride(stride, count, pending, random);
    for (const row of statements.pendingBySize.iterate() as Iterable<PendingRow>) {
      if (place++ !== chosen) continue;
      this.#insert(row);
      chosen = placeInStride(++stride, count, pending, random);
    }
  }

  #insert({ id, surveyed_files: files, links_end: linksEnd }: PendingRow): void {
    this.#statements.choose.run(id, linksEnd ?? NOT_SURVEYED, files ?? 0);
  }

  #choose(statements: Statements, only: Exclude<Only, { canary: unknown }>): void {
    const pending = firstRow<{ pending: number }>(statements.countPending)?.pending ?? 0;
    let place = 0;
    for (const row of statements.pendingInOrder.iterate() as Iterable<PendingRow>) {
      place++;
      if ("first" in only && place > only.first) break;
      if ("sample" in only && !endsAStride(place, pending, only.sample)) continue;
      this.#insert(row);
    }
  }

  next(max: number): WorkItemRow[] {
    this.#waiting?.();
    this.#waiting = undefined;
    const rows = allRows<WorkItemRow>(this.#statements.nextChosen, max);
    for (const row of rows) this.#statements.dropChosen.run(row.id);
    return rows;
  }

  surveyed(id: number, files: number, linksEnd: number): void {
    this.#statements.placeChosen.run(files, linksEnd, id);
  }

  /** One table for all: what a holder took is not in it any more. */
  beside(): PendingWorkItems {
    return this;
  }

  bumped(id: number): void {
    this.#statements.bumpChosen.run(BUMPED_FIRST + ++this.#bumps, id);
  }

  notLookedUp(after: number, max: number): KeyRow[] {
    const { notLookedUp } = this.#all;
    return allRows<KeyRow>(this.#waiting ? notLookedUp : this.#statements.chosenNotLookedUp, after, max);
  }
}

/** A random place of the stride (both from 0); the strides cover all places without a gap. */
function placeInStride(stride: number, count: number, pending: number, random: () => number): number {
  const [first, end] = [Math.floor((stride * pending) / count), Math.floor(((stride + 1) * pending) / count)];
  return first + Math.floor(random() * (end - first));
}

/** Whether the work item at this place (from 1) is the last of one of `sample` strides of equal length. */
function endsAStride(place: number, pending: number, sample: number): boolean {
  return Math.floor((place * sample) / pending) > Math.floor(((place - 1) * sample) / pending);
}
