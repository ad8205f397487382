import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { ClaimedWorkItem, FailureGroup, RunRecord, StateEvent, StateStore } from "../state-store.ts";
import { type Counters, summaryOf } from "./counters.ts";
import { rollBack, toStateError } from "./database.ts";
import { applyClaim, applyEvent, type EventContext } from "./events.ts";
import { STATUS } from "./facts.ts";
import { failureGroups } from "./failures.ts";
import { GroupCommit } from "./group-commit.ts";
import { type FileRow, OpenWorkItem, type WorkItemRow } from "./open-work-item.ts";
import { PendingWrites } from "./pending-writes.ts";
import { allRows, firstRow, prepareStatements, type Statements } from "./statements.ts";

/** Work items read at once by `unfinished`. */
const BATCH = 1_000;

/**
 * The state on SQLite, in the caller's thread. Events change memory (the claimed work items with their files, and the
 * counters); what changed is written by the next group commit, together.
 */
export class SqliteStateStore implements StateStore {
  readonly run: RunRecord;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #releaseLock: () => void;
  readonly #statements: Statements;
  readonly #counters: Counters;
  readonly #writes = new PendingWrites();
  readonly #commits: GroupCommit;
  readonly #context: EventContext;
  /** Claimed, neither finished nor released. */
  readonly #open = new Map<number, OpenWorkItem>();
  /** The last work item claimed: a released one is behind it and is not claimed again in this start. */
  #cursor = 0;
  #closed: Promise<void> | undefined;

  /** `db` is open for writing, loaded and locked; the store closes it, and then calls `releaseLock`. */
  constructor(db: DatabaseSync, run: RunRecord, options: { path: string; releaseLock: () => void }) {
    this.run = run;
    this.#db = db;
    this.#path = options.path;
    this.#releaseLock = options.releaseLock;
    this.#statements = prepareStatements(db);
    this.#counters = { ...(this.#statements.findCounters.get() as Counters) };
    this.#commits = new GroupCommit(() => this.#commit());
    let lastFileId = firstRow<{ id: number }>(this.#statements.lastFileId)?.id ?? 0;
    this.#context = {
      counters: this.#counters,
      writes: this.#writes,
      nextFileId: () => ++lastFileId,
    };
  }

  async claim(max: number, { signal }: { signal: AbortSignal }): Promise<ClaimedWorkItem[]> {
    signal.throwIfAborted();
    this.#refuseClosed();
    if (this.#commits.failure) throw this.#commits.failure.error;
    const rows = this.#workItemsWithStatus("pending", this.#cursor, max);
    return rows.map((row) => this.#claimOne(row));
  }

  #claimOne(row: WorkItemRow): ClaimedWorkItem {
    const wasOpened = row.receipt_count !== null;
    const files = wasOpened ? allRows<FileRow>(this.#statements.filesOfWorkItem, row.id) : [];
    const item = new OpenWorkItem(row, files);
    applyClaim(item, this.#context);
    this.#open.set(row.id, item);
    this.#cursor = row.id;
    this.#commits.touch();
    return item.toClaim();
  }

  record(event: StateEvent): void {
    this.#refuseClosed();
    const item = this.#open.get(event.workItem);
    if (item === undefined) {
      throw new ReuploadError(
        "internal",
        `${event.kind} for work item ${event.workItem}, which is not claimed`,
      );
    }
    applyEvent(item, event, this.#context);
    if (item.status !== "in_progress") this.#open.delete(event.workItem);
    this.#commits.touch();
  }

  committed(): Promise<void> {
    return this.#commits.committed();
  }

  summary(): ReturnType<StateStore["summary"]> {
    return summaryOf(this.#counters);
  }

  async failures(): Promise<FailureGroup[]> {
    this.#refuseClosed();
    this.#commits.flush();
    return failureGroups(this.#statements);
  }

  /** In progress first, then pending, so that what is claimed meanwhile is left out rather than given twice. */
  async *unfinished({ signal }: { signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    this.#refuseClosed();
    this.#commits.flush();
    for (const status of ["in_progress", "pending"] as const) {
      for (let after = 0; ;) {
        signal.throwIfAborted();
        const rows = this.#workItemsWithStatus(status, after, BATCH);
        if (rows.length === 0) break;
        yield rows.map((row) => ({
          jobId: row.job_id,
          workItemId: row.work_item_id,
          workItemName: row.name,
        }));
        after = rows.at(-1)?.id ?? after;
      }
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#commits.flush();
    try {
      if (this.#commits.failure) throw this.#commits.failure.error;
      this.#statements.clearOwner.run();
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      throw toStateError(error, this.#path);
    } finally {
      this.#db.close();
      this.#releaseLock();
    }
  }

  #workItemsWithStatus(status: "pending" | "in_progress", after: number, max: number): WorkItemRow[] {
    return allRows<WorkItemRow>(this.#statements.workItemsWithStatus, STATUS[status], after, max);
  }

  #commit(): void {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#writes.writeTo(this.#statements, this.#counters);
      this.#db.exec("COMMIT");
      this.#writes.clear();
    } catch (error) {
      rollBack(this.#db);
      throw toStateError(error, this.#path);
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ReuploadError("internal", "the state is closed");
  }
}
