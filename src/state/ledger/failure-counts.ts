import type { FailureCode } from "../../core/failure.ts";
import type { FailureGroup } from "../ledger.ts";
import { FACT } from "./facts.ts";
import type { FileEntry } from "./held-work-item.ts";

const OUTCOMES = FACT.failed | FACT.skipped;

/** How many files and work items ended with a code in one way. */
export interface FailureCount {
  readonly outcome: FailureGroup["outcome"];
  readonly code: FailureCode;
  files: number;
  workItems: number;
}

/** Failures and skips by outcome and code, kept in memory; an engine writes `changed` with the events that moved them. */
export class FailureCounts {
  readonly #counts = new Map<string, FailureCount>();
  readonly changed = new Set<FailureCount>();

  /** @param stored as an engine kept them */
  constructor(stored: readonly FailureCount[]) {
    for (const count of stored) this.#counts.set(`${count.outcome} ${count.code}`, { ...count });
  }

  /** Those that are not 0. */
  get all(): FailureCount[] {
    return [...this.#counts.values()].filter(({ files, workItems }) => files > 0 || workItems > 0);
  }

  /** Counts a file in (`sign` 1) or out (-1), if it failed or was skipped. */
  countFile({ facts, code }: Pick<FileEntry, "facts" | "code">, sign: 1 | -1): void {
    if (!(facts & OUTCOMES) || code === null) return;
    this.#change(facts & FACT.skipped ? "skipped" : "failed", code).files += sign;
  }

  /** Counts a work item that failed as a whole. */
  countWorkItem(code: FailureCode, sign: 1 | -1): void {
    this.#change("failed", code).workItems += sign;
  }

  #change(outcome: FailureCount["outcome"], code: FailureCode): FailureCount {
    const key = `${outcome} ${code}`;
    const count = this.#counts.get(key) ?? { outcome, code, files: 0, workItems: 0 };
    this.#counts.set(key, count);
    this.changed.add(count);
    return count;
  }

  /** Forgets what changed, once it is committed. */
  written(): void {
    this.changed.clear();
  }
}
