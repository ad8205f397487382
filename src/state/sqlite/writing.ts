import type { DatabaseSync } from "node:sqlite";
import { ReuploadError } from "../../core/errors.ts";
import { ChangedRows } from "../ledger/changed-rows.ts";
import { COUNTER_NAMES, type Counters, newCounters } from "../ledger/counters.ts";
import type { EventContext } from "../ledger/events.ts";
import { FailureCounts } from "../ledger/failure-counts.ts";
import { Holdings } from "../ledger/holdings.ts";
import { PartitionBytes } from "../ledger/partition-bytes.ts";
import type { OpenOptions } from "../state-kind.ts";
import type { Heartbeat } from "../run-presence.ts";
import type { RunRecord, RunStart } from "../run-record.ts";
import { Checkpoints } from "./checkpoints.ts";
import { rollBack, toStateError } from "./database.ts";
import { readFailureCounts, writeFailureCounts } from "./failures.ts";
import { GroupCommit } from "./group-commit.ts";
import { RunHistory } from "./run-history.ts";
import { writeChanges } from "./rows.ts";
import { firstRow, prepareStatements, type Statements } from "./statements.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

export interface WritingOptions {
  readonly path: string;
  readonly only?: OpenOptions["only"];
  readonly releaseLock: () => void;
}

/**
 * What the doors of an open state share: the connection, what is counted in memory, and the commits. Events change
 * memory; what changed is written by the next group commit, together.
 */
export class Writing {
  readonly db: DatabaseSync;
  readonly run: RunRecord;
  readonly start: RunStart;
  readonly options: WritingOptions;
  readonly statements: Statements;
  readonly counters: Counters;
  readonly context: EventContext;
  readonly commits: GroupCommit;
  readonly history: RunHistory;
  readonly holdings = new Holdings();
  readonly #checkpoints: Checkpoints;
  /** The number of the work items that have no partition in their row. */
  readonly onlyPartition: number;
  /** To be written with the next commit. */
  heartbeat: Heartbeat | undefined;
  isClosed = false;

  /** `db` is open for writing, loaded and locked. */
  constructor(
    surroundings: Surroundings,
    db: DatabaseSync,
    run: RunRecord,
    start: RunStart,
    options: WritingOptions,
  ) {
    this.commits = new GroupCommit(surroundings, () => this.#commit());
    this.db = db;
    this.run = run;
    this.start = start;
    this.options = options;
    this.#checkpoints = new Checkpoints(surroundings, db);
    this.statements = prepareStatements(db);
    this.counters = readCounters(this.statements);
    this.history = new RunHistory(surroundings, db, start, this.counters);
    const { partition } = run.identity;
    this.onlyPartition = partition === "auto" ? 0 : partition;
    let lastFileId = firstRow<{ id: number }>(this.statements.lastFileId)?.id ?? 0;
    this.context = {
      counters: this.counters,
      failures: new FailureCounts(readFailureCounts(this.statements)),
      bytes: new PartitionBytes(),
      writes: new ChangedRows(),
      nextFileId: () => ++lastFileId,
      start: start.number,
      surroundings,
    };
  }

  /** Commits what is noted, so that the rows are as memory is. @throws what a commit threw */
  commitNow(): void {
    this.refuseClosed();
    this.commits.flush();
    if (this.commits.failure) throw this.commits.failure.error;
  }

  /**
   * Changes rows and counters in one transaction of its own, once all that is noted is committed. On an error neither
   * has changed.
   */
  change<T>(change: (counters: Counters) => T): T {
    this.commitNow();
    const counters = { ...this.counters };
    const result = this.#transaction(() => {
      const value = change(counters);
      writeCounters(this.statements, counters);
      writeFailureCounts(this.statements, this.context.failures.changed);
      return value;
    });
    this.context.failures.written();
    Object.assign(this.counters, counters);
    return result;
  }

  #commit(): void {
    const { writes, failures } = this.context;
    this.#transaction(() => {
      writeChanges(this.statements, writes, this.start.number);
      writeCounters(this.statements, this.counters);
      writeFailureCounts(this.statements, failures.changed);
      if (this.heartbeat) this.statements.putHeartbeat.run(JSON.stringify(this.heartbeat));
      this.history.note();
    });
    writes.clear();
    failures.written();
    this.heartbeat = undefined;
  }

  #transaction<T>(write: () => T): T {
    try {
      this.db.exec("BEGIN IMMEDIATE");
      const result = write();
      this.db.exec("COMMIT");
      this.#checkpoints.afterCommit();
      return result;
    } catch (error) {
      rollBack(this.db);
      throw toStateError(error, this.options.path);
    }
  }

  /** @throws ReuploadError `internal` once the state is closed */
  refuseClosed(): void {
    if (this.isClosed) throw new ReuploadError("internal", "the state is closed");
  }
}

/** A state of an earlier version has fewer counters; those are 0. */
export function readCounters(statements: Pick<Statements, "findCounters">): Counters {
  const stored = firstRow<Partial<Counters>>(statements.findCounters) ?? {};
  const counters = newCounters();
  for (const name of COUNTER_NAMES) counters[name] = stored[name] ?? 0;
  return counters;
}

/** In the caller's transaction. */
export function writeCounters(statements: Pick<Statements, "updateCounters">, counters: Counters): void {
  statements.updateCounters.run(...COUNTER_NAMES.map((name) => counters[name]));
}
