import type { FailureCode } from "../../core/failure.ts";
import type { WorkItemStatus } from "../../core/states.ts";
import { type Counters, countFile, countWorkItem } from "../ledger/counters.ts";
import { factsDoneElsewhere, isOpen } from "../ledger/admission.ts";
import { FACT, fileStatus } from "../ledger/facts.ts";
import type { StoredFile } from "../ledger/held-work-item.ts";
import { fromStatusColumn, STATUS } from "./columns.ts";
import { readFiles } from "./rows.ts";
import type { KeyRow } from "./statements.ts";
import type { Writing } from "./writing.ts";

/** A work item of a partition, as the checkpoint needs it. */
export interface PartitionRow extends KeyRow {
  readonly status: number;
  readonly files_total: number | null;
  readonly files_done: number | null;
  readonly files_left_out: number | null;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
  readonly surveyed_files: number | null;
  readonly failure_code: FailureCode | null;
  readonly finished_at: number | null;
}

/** Moves work items that nobody holds, in the caller's transaction. */
export class WorkItemMoves {
  readonly #writing: Writing;

  constructor(writing: Writing) {
    this.#writing = writing;
  }

  /**
   * @param counters changed accordingly
   * @returns completed files that the state did not count among those of ended work items before
   */
  move(row: PartitionRow, to: WorkItemStatus, counters: Counters): number {
    const from = fromStatusColumn(row.status);
    const lookedUp = row.receipt_count !== null;
    countWorkItem(counters, { status: from, lookedUp, surveyedFiles: row.surveyed_files }, -1);
    countWorkItem(counters, { status: to, lookedUp, surveyedFiles: row.surveyed_files }, 1);
    if (from === "failed") this.#forgetFailure(row, counters);
    const more = to === "elsewhere" ? this.#endElsewhere(row, counters) : 0;
    const total = row.files_total ?? 0;
    const left = lookedUp && to !== "pending" ? this.#filesEnded(row.id) : total;
    counters.files_total += left - total;
    if (to !== "pending") this.#forgetLeftOut(row, counters);
    this.#writing.statements.setStatus.run(STATUS[to], lookedUp ? left : null, row.id);
    return more;
  }

  /** Whoever looks it up next counts them again. */
  #forgetLeftOut({ id, files_left_out: leftOut }: PartitionRow, counters: Counters): void {
    if (leftOut === null) return;
    counters.files_left_out -= leftOut;
    this.#writing.statements.forgetLeftOut.run(id);
  }

  #endElsewhere({ id, status }: PartitionRow, counters: Counters): number {
    let more = 0;
    for (const file of readFiles(this.#writing.statements, id, null)) {
      const facts = factsDoneElsewhere(file.facts);
      const wasCompleted = fileStatus(file.facts) === "completed";
      if (fileStatus(facts) === "completed" && (!wasCompleted || isOpen(fromStatusColumn(status)))) more++;
      if (facts !== file.facts) this.#setFacts(file, facts, counters);
    }
    return more;
  }

  #setFacts(file: StoredFile, facts: number, counters: Counters): void {
    const { statements, context } = this.#writing;
    if (file.facts & FACT.failed) context.failures.countFile(file, -1);
    countFile(counters, file.facts, file.bytes, -1);
    countFile(counters, facts, file.bytes, 1);
    statements.updateFile.run(facts, file.bytes, file.at, file.place, file.id);
  }

  /** What is to be done again, or was done elsewhere, has not failed any more. */
  #forgetFailure(row: PartitionRow, counters: Counters): void {
    const { statements, context } = this.#writing;
    if (row.failure_code !== null) context.failures.countWorkItem(row.failure_code, -1);
    for (const file of readFiles(statements, row.id, null)) {
      if (file.facts & FACT.failed) this.#setFacts(file, file.facts & ~FACT.failed, counters);
    }
  }

  /** Files that came to their end here: nobody here will finish the others. */
  #filesEnded(id: number): number {
    const ended = FACT.completed | FACT.failed | FACT.skipped;
    return readFiles(this.#writing.statements, id, null).filter(({ facts }) => facts & ended).length;
  }
}
