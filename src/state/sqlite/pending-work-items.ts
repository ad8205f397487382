import type { DatabaseSync } from "node:sqlite";
import type { Holdings } from "../ledger/holdings.ts";
import type { OpenOptions } from "../state-kind.ts";
import { ChosenWorkItems } from "./chosen-work-items.ts";
import type { WorkItemRow } from "./rows.ts";
import { allRows, type KeyRow, type Statements } from "./statements.ts";

/** The pending work items that a holder may take in this start; not those that were given back in it. It reads rows: what memory knows better must be committed. */
export interface PendingWorkItems {
  /** The next to claim, up to `max`; they do not come again. */
  next(max: number): WorkItemRow[];
  /** A survey gave it its place in the order. */
  surveyed(id: number, files: number, linksEnd: number): void;
  /** The operator put it before all others. */
  bumped(id: number): void;
  /** Those never looked up, by id after `after`, up to `max`. */
  notLookedUp(after: number, max: number): KeyRow[];
  /** The same for another holder. */
  beside(): PendingWorkItems;
}

/**
 * The work items that this start may claim, in the order that it takes them.
 *
 * @param only those that `--limit`, `--sample` or `--canary` chose; undefined for all
 * @param random a number in [0, 1)
 */
export function pendingWorkItems(
  db: DatabaseSync,
  statements: Statements,
  only: OpenOptions["only"],
  holdings: Holdings,
  random: () => number,
): PendingWorkItems {
  return only === undefined
    ? new AllPending(statements, holdings)
    : new ChosenWorkItems(db, statements, only, random);
}

/** All that are pending: the surveyed ones in the order of their index, then the others by a cursor. */
class AllPending implements PendingWorkItems {
  readonly #statements: Statements;
  readonly #holdings: Holdings;
  /** The last one claimed without a survey. */
  #cursor = 0;
  /** Up to which arrivals the cursor has seen. */
  #arrivals = 0;

  constructor(statements: Statements, holdings: Holdings) {
    this.#statements = statements;
    this.#holdings = holdings;
  }

  next(max: number): WorkItemRow[] {
    const { bumpedWorkItems, surveyedWorkItems, otherWorkItems } = this.#statements;
    const { givenBack, arrivals } = this.#holdings;
    if (max <= 0) return [];
    if (arrivals !== this.#arrivals) this.#cursor = 0;
    this.#arrivals = arrivals;
    const taken = new Set(givenBack.keys());
    const take = (from: (most: number) => WorkItemRow[], most: number): WorkItemRow[] => {
      const rows = most <= 0 ? [] : from(most + taken.size).filter(({ id }) => !taken.has(id));
      for (const { id } of rows.slice(0, most)) taken.add(id);
      return rows.slice(0, most);
    };
    const bumped = take((most) => allRows<WorkItemRow>(bumpedWorkItems, most), max);
    const surveyed = take((most) => allRows<WorkItemRow>(surveyedWorkItems, most), max - bumped.length);
    const left = max - bumped.length - surveyed.length;
    const others = take((most) => allRows<WorkItemRow>(otherWorkItems, this.#cursor, most), left);
    this.#cursor = others.at(-1)?.id ?? this.#cursor;
    return [...bumped, ...surveyed, ...others];
  }

  bumped(): void {
    // Its row says so.
  }

  surveyed(): void {
    // Its row says so.
  }

  notLookedUp(after: number, max: number): KeyRow[] {
    return allRows<KeyRow>(this.#statements.notLookedUp, after, max);
  }

  beside(): PendingWorkItems {
    return new AllPending(this.#statements, this.#holdings);
  }
}
