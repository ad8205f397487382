import type { DatabaseSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { AnnouncementCounts } from "../announcements.ts";
import { summarize } from "../ledger/counters.ts";
import type { FailureGroup } from "../ledger.ts";
import type { StatePast } from "../past.ts";
import type { RunRecord } from "../run-record.ts";
import type {
  OpenWorkItemView,
  RemainingWorkItem,
  StateReader,
  StateReading,
  WorkItemHistory,
  Writer,
} from "../state-reader.ts";
import { STATUS } from "./columns.ts";
import { countAnnouncements } from "./announcements.ts";
import { toStateError } from "./database.ts";
import { failureGroups } from "./failures.ts";
import { readHistory } from "./history.ts";
import { inspectState, readRun, readStarts, stateMissing } from "./inspect.ts";
import { isLocked } from "./lock.ts";
import { readEnding, findOwner, readHeartbeat, type OwnerRow, worksHere } from "./owner.ts";
import { statePath } from "./place.ts";
import { readPast } from "./read-past.ts";
import { reading } from "./reading.ts";
import { logSize, fileSize } from "./state-files.ts";
import { allRows, type KeyRow, SQL, toWorkItem } from "./statements.ts";
import { readCounters } from "./writing.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** Work items read at once by `remaining`. */
const BATCH = 1_000;

/** As `StateKind.read`. */
export async function readState(surroundings: Surroundings, given: string): Promise<StateReader> {
  const path = statePath(given);
  if ((await inspectState(surroundings, path)) === undefined) throw stateMissing(path);
  return new SqliteStateReader(surroundings, path);
}

/** Opens the state anew for each question (see `reading`), so that there is nothing to close. */
class SqliteStateReader implements StateReader {
  readonly #surroundings: Surroundings;
  readonly #path: string;
  readonly past: StatePast;

  constructor(surroundings: Surroundings, path: string) {
    this.#surroundings = surroundings;
    this.#path = path;
    this.past = readPast((question) => this.#ask(question));
  }

  async read(): Promise<StateReading> {
    const first = this.#readOnce();
    if (first.owner?.ended_at !== null || isLocked(this.#path)) return first;
    // Killed - unless it came to its end, or another one began, since the row was read.
    const { owner, ...second } = this.#readOnce();
    const isSame = owner?.ended_at === null && owner.started_at === first.owner.started_at;
    return isSame ? { ...second, writer: died(owner, this.#path, this.#surroundings.wall()) } : second;
  }

  #readOnce(): StateReading & { readonly owner: OwnerRow | undefined } {
    return this.#ask((db) => {
      const run = readRun(db, this.#path);
      if (run === undefined) throw stateMissing(this.#path);
      const summary = summarize(readCounters({ findCounters: db.prepare(SQL.findCounters) }));
      const owner = findOwner(db);
      const starts = readStarts(db, this.#path);
      return { run, starts, summary, owner, writer: describeWriter(owner, run) };
    });
  }

  async failures(): Promise<FailureGroup[]> {
    return this.#ask((db) =>
      failureGroups({
        findFailureCounts: db.prepare(SQL.findFailureCounts),
        sampleFileFailures: db.prepare(SQL.sampleFileFailures),
        sampleWorkItemFailures: db.prepare(SQL.sampleWorkItemFailures),
      }),
    );
  }

  async slowest(max: number): Promise<OpenWorkItemView[]> {
    type Row = KeyRow & { started_at: number; files_total: number | null; files_done: number };
    return this.#ask((db) =>
      allRows<Row>(db.prepare(SQL.slowestWorkItems), max).map((row) => ({
        workItem: toWorkItem(row),
        since: row.started_at * 1000,
        filesTotal: row.files_total ?? 0,
        filesDone: row.files_done,
      })),
    );
  }

  async *remaining({ signal }: { signal: AbortSignal }): AsyncGenerator<readonly RemainingWorkItem[]> {
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const rows = this.#remainingAfter(after);
      if (rows.length === 0) return;
      yield rows.map((row) => ({ ...toWorkItem(row), hasFailed: row.hasFailed, failedWith: row.failedWith }));
      after = rows.at(-1)?.id ?? after;
    }
  }

  #remainingAfter(after: number): (KeyRow & Pick<RemainingWorkItem, "hasFailed" | "failedWith">)[] {
    type Row = KeyRow & { status: number; code: FailureCode | null };
    return this.#ask((db) => {
      const failureCodes = db.prepare(SQL.failureCodesOf);
      return allRows<Row>(db.prepare(SQL.remainingWorkItems), after, BATCH).map((row) => {
        const ofFiles = allRows<{ code: FailureCode }>(failureCodes, row.id).map(({ code }) => code);
        const failedWith = row.code === null ? ofFiles : [...new Set([row.code, ...ofFiles])];
        return { ...row, hasFailed: row.status === STATUS.failed || failedWith.length > 0, failedWith };
      });
    });
  }

  async *completed({
    since = 0,
    signal,
  }: {
    since?: number | undefined;
    signal: AbortSignal;
  }): AsyncGenerator<readonly WorkItem[]> {
    const from = Math.floor(since / 1000);
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const rows = this.#ask((db) => allRows<KeyRow>(db.prepare(SQL.completedWorkItems), after, from, BATCH));
      if (rows.length === 0) return;
      yield rows.map((row) => toWorkItem(row));
      after = rows.at(-1)?.id ?? after;
    }
  }

  async history(
    workItem: Pick<WorkItem, "jobId" | "workItemId">,
    fileName?: string,
  ): Promise<WorkItemHistory | undefined> {
    return this.#ask((db) => {
      const partition = readRun(db, this.#path)?.identity.partition;
      return readHistory(db, workItem, fileName, typeof partition === "number" ? partition : 0);
    });
  }

  async announcements(): Promise<AnnouncementCounts> {
    return this.#ask((db) => countAnnouncements(db));
  }

  close(): void {
    // Nothing is open between two questions.
  }

  #ask<T>(question: (db: DatabaseSync) => T): T {
    if (fileSize(this.#path) === 0) throw stateMissing(this.#path);
    try {
      return reading(this.#path, question);
    } catch (error) {
      throw toStateError(error, this.#path);
    }
  }
}

/** By the row alone: one that does not say that it ended is taken to run. */
function describeWriter(owner: OwnerRow | undefined, run: RunRecord): Writer {
  if (owner === undefined) return { kind: "ended", at: run.createdAt, ending: undefined };
  if (owner.ended_at !== null) return { kind: "ended", at: owner.ended_at, ending: readEnding(owner) };
  const { pid, host, started_at: since } = owner;
  return { kind: "running", pid, host, since, heartbeat: readHeartbeat(owner) };
}

function died(owner: OwnerRow, path: string, now: number): Writer {
  const at = readHeartbeat(owner)?.at ?? owner.started_at;
  // A state that was opened has a log until it is closed (see `beginLog`).
  const hasNoLog = logSize(path) === 0 && owner.why !== "log-moved";
  const copy = worksHere(owner, now) ? "of-running" : hasNoLog ? "without-log" : undefined;
  return { kind: "died", at, copy };
}
