import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { OpenOptions } from "../open-run.ts";
import type {
  ClaimedWorkItem,
  FailureGroup,
  Heartbeat,
  RunRecord,
  StartEnding,
  StateEvent,
  StateStore,
  SurveyedWorkItem,
} from "../state-store.ts";
import { Checkpoints } from "./checkpoints.ts";
import { COUNTER_NAMES, type Counters, summaryOf } from "./counters.ts";
import { rollBack, toStateError } from "./database.ts";
import { applyClaim, applyEvent, type EventContext } from "./events.ts";
import { FailureCounts, failureGroups } from "./failures.ts";
import { GroupCommit } from "./group-commit.ts";
import { type FileRow, OpenWorkItem, type WorkItemRow } from "./open-work-item.ts";
import { type PendingWorkItems, pendingWorkItems } from "./pending-work-items.ts";
import { PendingWrites } from "./pending-writes.ts";
import {
  allRows,
  firstRow,
  type KeyRow,
  prepareStatements,
  type Statements,
  workItemOf,
} from "./statements.ts";
import { writeSurveys } from "./survey.ts";

/** Work items read at once by `toSurvey` and `toRecheck`. */
const BATCH = 1_000;

export interface StoreOptions {
  readonly path: string;
  readonly only?: OpenOptions["only"];
  readonly releaseLock: () => void;
}

/**
 * The state on SQLite, in the caller's thread. Events change memory (the claimed work items with their files, and the
 * counters); what changed is written by the next group commit, together.
 */
export class SqliteStateStore implements StateStore {
  readonly run: RunRecord;
  readonly #db: DatabaseSync;
  readonly #options: StoreOptions;
  readonly #statements: Statements;
  readonly #counters: Counters;
  readonly #failures: FailureCounts;
  readonly #writes = new PendingWrites();
  readonly #commits: GroupCommit;
  readonly #checkpoints: Checkpoints;
  readonly #context: EventContext;
  /** Claimed, neither finished nor released. */
  readonly #open = new Map<number, OpenWorkItem>();
  readonly #pending: PendingWorkItems;
  /** Seconds since the epoch. */
  readonly #startedAt = Math.floor(Date.now() / 1000);
  /** To be written with the next commit. */
  #heartbeat: Heartbeat | undefined;
  #ending: StartEnding | undefined;
  #closed: Promise<void> | undefined;

  /** `db` is open for writing, loaded and locked; the store closes it, and then calls `releaseLock`. */
  constructor(db: DatabaseSync, run: RunRecord, options: StoreOptions) {
    this.run = run;
    this.#db = db;
    this.#options = options;
    this.#statements = prepareStatements(db);
    this.#pending = pendingWorkItems(db, this.#statements, options.only);
    this.#counters = { ...(this.#statements.findCounters.get() as Counters) };
    this.#failures = new FailureCounts(this.#statements);
    this.#commits = new GroupCommit(() => this.#commit());
    this.#checkpoints = new Checkpoints(db);
    let lastFileId = firstRow<{ id: number }>(this.#statements.lastFileId)?.id ?? 0;
    this.#context = {
      counters: this.#counters,
      failures: this.#failures,
      writes: this.#writes,
      nextFileId: () => ++lastFileId,
    };
  }

  async claim(max: number, { signal }: { signal: AbortSignal }): Promise<ClaimedWorkItem[]> {
    signal.throwIfAborted();
    this.#commitNow();
    return this.#pending.next(max).map((row) => this.#claimOne(row));
  }

  #claimOne(row: WorkItemRow): ClaimedWorkItem {
    const wasOpened = row.receipt_count !== null;
    const files = wasOpened ? allRows<FileRow>(this.#statements.filesOfWorkItem, row.id) : [];
    const item = new OpenWorkItem(row, files);
    applyClaim(item, this.#context);
    this.#open.set(row.id, item);
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
    if (item.status === "pending") this.#pending.released(event.workItem);
    this.#commits.touch();
  }

  committed(): Promise<void> {
    return this.#commits.committed();
  }

  summary(): ReturnType<StateStore["summary"]> {
    return summaryOf(this.#counters);
  }

  async failures(): Promise<FailureGroup[]> {
    this.#commitNow();
    return failureGroups(this.#statements);
  }

  async *toSurvey({ signal }: { signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    this.#commitNow();
    yield* batchesOf((after) => this.#pending.notLookedUp(after, BATCH), signal);
  }

  async *toRecheck({ signal }: { signal: AbortSignal }): AsyncGenerator<readonly WorkItem[]> {
    this.#commitNow();
    if (this.#options.only !== undefined || this.run.starts === 1) return;
    const { completedBefore } = this.#statements;
    yield* batchesOf((after) => allRows<KeyRow>(completedBefore, this.#startedAt, after, BATCH), signal);
  }

  noteSurvey(surveys: readonly SurveyedWorkItem[]): number {
    this.#commitNow();
    const counters = { ...this.#counters };
    const statements = this.#statements;
    const broughtBack = this.#transaction(() => {
      const count = writeSurveys(surveys, { statements, counters, pending: this.#pending });
      statements.updateCounters.run(...COUNTER_NAMES.map((name) => counters[name]));
      return count;
    });
    Object.assign(this.#counters, counters);
    return broughtBack;
  }

  beat(heartbeat: Heartbeat): void {
    this.#refuseClosed();
    this.#heartbeat = heartbeat;
    this.#commits.touch();
  }

  noteEnding(ending: StartEnding): void {
    this.#refuseClosed();
    this.#ending = ending;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#commits.flush();
    const { path, releaseLock } = this.#options;
    try {
      if (this.#commits.failure) throw this.#commits.failure.error;
      this.#statements.endOwner.run(Date.now(), this.#ending?.exitCode ?? null, this.#ending?.why ?? null);
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      throw toStateError(error, path);
    } finally {
      this.#db.close();
      releaseLock();
    }
  }

  /** Commits what is noted, so that the rows are as memory is. */
  #commitNow(): void {
    this.#refuseClosed();
    this.#commits.flush();
    if (this.#commits.failure) throw this.#commits.failure.error;
  }

  #commit(): void {
    this.#transaction(() => {
      this.#writes.writeTo(this.#statements, this.#counters, this.#failures);
      if (this.#heartbeat) this.#statements.putHeartbeat.run(JSON.stringify(this.#heartbeat));
    });
    this.#writes.clear();
    this.#failures.written();
    this.#heartbeat = undefined;
  }

  #transaction<T>(write: () => T): T {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const result = write();
      this.#db.exec("COMMIT");
      this.#checkpoints.afterCommit();
      return result;
    } catch (error) {
      rollBack(this.#db);
      throw toStateError(error, this.#options.path);
    }
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ReuploadError("internal", "the state is closed");
  }
}

/** Work items in batches, each read when it is asked for; ends with an empty one. */
async function* batchesOf(
  read: (after: number) => KeyRow[],
  signal: AbortSignal,
): AsyncGenerator<readonly WorkItem[]> {
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const rows = read(after);
    if (rows.length === 0) return;
    yield rows.map(workItemOf);
    after = rows.at(-1)?.id ?? after;
  }
}
