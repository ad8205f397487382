import type { DatabaseSync } from "node:sqlite";
import type { OpenOptions } from "../open-run.ts";
import { ChosenWorkItems } from "./chosen-work-items.ts";
import type { WorkItemRow } from "./open-work-item.ts";
import { allRows, type KeyRow, type Statements } from "./statements.ts";

/** The pending work items that this start may take. It reads rows: what memory knows better must be committed. */
export interface PendingWorkItems {
  /** The next to claim, up to `max`; they do not come again. */
  next(max: number): WorkItemRow[];
  /** It is pending again, for the next start. */
  released(id: number): void;
  /** A survey gave it its place in the order. */
  surveyed(id: number, files: number, linksEnd: number): void;
  /** Those never looked up, by id after `after`, up to `max`. */
  notLookedUp(after: number, max: number): KeyRow[];
}

export function pendingWorkItems(
  db: DatabaseSync,
  statements: Statements,
  only: OpenOptions["only"],
): PendingWorkItems {
  return only === undefined ? new AllPending(statements) : new ChosenWorkItems(db, statements, only);
}

/** All that are pending: the surveyed ones in the order of their index, then the others by a cursor. */
class AllPending implements PendingWorkItems {
  readonly #statements: Statements;
  /** The last one claimed without a survey. */
  #cursor = 0;
  /** At most those that were open when the run was told to stop. */
  readonly #released = new Set<number>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  next(max: number): WorkItemRow[] {
    const { surveyedWorkItems, otherWorkItems } = this.#statements;
    const rows = allRows<WorkItemRow>(surveyedWorkItems, max + this.#released.size)
      .filter((row) => !this.#released.has(row.id))
      .slice(0, max);
    if (rows.length === max) return rows;
    const others = allRows<WorkItemRow>(otherWorkItems, this.#cursor, max - rows.length);
    this.#cursor = others.at(-1)?.id ?? this.#cursor;
    return [...rows, ...others];
  }

  released(id: number): void {
    this.#released.add(id);
  }

  surveyed(): void {
    // Its row says so.
  }

  notLookedUp(after: number, max: number): KeyRow[] {
    return allRows<KeyRow>(this.#statements.notLookedUp, after, max);
  }
}
