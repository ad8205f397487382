import type { Checkpoint } from "../../core/checkpoint.ts";
import { summarize } from "../ledger/counters.ts";
import { applyEvent } from "../ledger/events.ts";
import type { FailureGroup, Ledger, StateEvent, StateSummary } from "../ledger.ts";
import { failureGroups } from "./failures.ts";
import type { SqlitePartitions } from "./partitions.ts";
import type { Writing } from "./writing.ts";

/** The ledger on SQLite. */
export class SqliteLedger implements Ledger {
  readonly #writing: Writing;
  readonly #partitions: SqlitePartitions;

  constructor(writing: Writing, partitions: SqlitePartitions) {
    this.#writing = writing;
    this.#partitions = partitions;
  }

  record(event: StateEvent): void {
    this.#writing.refuseClosed();
    const { holdings, context, commits } = this.#writing;
    const item = holdings.held(event.workItem, event.kind);
    applyEvent(item, event, context);
    if (item.status !== "in_progress") holdings.drop(item.id);
    commits.touch();
  }

  committed(when: "soon" | "now" = "soon"): Promise<void> {
    const { commits } = this.#writing;
    if (when === "now") commits.flush();
    return commits.committed();
  }

  tally(): StateSummary {
    return summarize(this.#writing.counters);
  }

  async failures(): Promise<FailureGroup[]> {
    this.#writing.commitNow();
    return failureGroups(this.#writing.statements);
  }

  async checkpoint(partition: number, { signal }: { readonly signal: AbortSignal }): Promise<Checkpoint> {
    return this.#partitions.checkpoint(partition, signal);
  }
}
