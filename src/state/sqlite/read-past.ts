import type { DatabaseSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import type { FileOutcome } from "../../core/file-outcome.ts";
import type { WorkItemStatus } from "../../core/states.ts";
import { FACT } from "../ledger/facts.ts";
import type { FileFilter, FileRow, FinishedWorkItem, HistoryPoint, StartRecord, StatePast } from "../past.ts";
import { fromMd5Column, fromStatusColumn, fromTextColumn, type TextColumn } from "./columns.ts";
import { findName } from "./find-name.ts";
import { OUTCOME_BITS, PAST_SQL } from "./past-statements.ts";
import { allRows, firstRow, type KeyRow, toWorkItem } from "./statements.ts";

/** Rows, and work items, that one batch is made of. */
const ROWS = 2_000;
const WORK_ITEMS = 500;

const OUTCOMES = Object.keys(OUTCOME_BITS) as FileOutcome[];
const ALL = 2 ** OUTCOMES.length - 1;

/** The past of a SQLite state. @param ask opens the state for one question */
export function readPast(ask: <T>(question: (db: DatabaseSync) => T) => T): StatePast {
  return {
    async *files(filter, { signal }) {
      const wanted = { workItemId: filter.workItemId ?? null, bits: outcomeBits(filter.outcomes) };
      for (let from: Cursor | undefined = { workItem: 0, file: 0 }; from !== undefined;) {
        signal.throwIfAborted();
        const cursor: Cursor = from;
        const batch: Batch = ask((db) => readBatch(db, cursor, wanted));
        if (batch.rows.length > 0) yield batch.rows;
        from = batch.next;
      }
    },
    starts: async () => ask((db) => (hasTable(db, "run_start") ? readStarts(db) : [])),
    history: async () =>
      ask((db) =>
        hasTable(db, "history") ? allRows<HistoryPoint>(db.prepare(PAST_SQL.listHistory)).map(copy) : [],
      ),
    longest: async (max) => ask((db) => readLongest(db, max)),
    find: async (name, max) => ask((db) => findName(db, name, max)),
  };
}

/** Up to where the rows were given: all of the work items before, and of this one the files up to `file`. */
interface Cursor {
  readonly workItem: number;
  readonly file: number;
}

interface Batch {
  readonly rows: FileRow[];
  /** undefined: that was all. */
  readonly next: Cursor | undefined;
}

interface Wanted {
  readonly workItemId: string | null;
  readonly bits: number;
}

interface WorkItemRow extends KeyRow {
  readonly status: number;
  readonly failure_code: FailureCode | null;
  readonly failure_message: string | null;
  readonly failure_attempts: number | null;
  readonly failure_request_id: string | null;
}

interface StoredFileRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly facts: number;
  readonly bytes: number | null;
  readonly at: number;
  readonly md5: Uint8Array | null;
  readonly outcome: number;
  readonly code: FailureCode | null;
  readonly message: string | null;
  readonly attempts: number | null;
  readonly request_id: string | null;
  readonly blob_name: string | null;
}

function readBatch(db: DatabaseSync, { workItem, file }: Cursor, { workItemId, bits }: Wanted): Batch {
  const statement = db.prepare(fileRowsSql(db));
  const hasFiles = db.prepare(PAST_SQL.hasFiles);
  const rows: FileRow[] = [];
  const after = file === 0 ? workItem : workItem - 1;
  const workItems = allRows<WorkItemRow>(
    db.prepare(PAST_SQL.workItemsWithFiles),
    after,
    workItemId,
    WORK_ITEMS,
  );
  for (const item of workItems) {
    const begin = item.id === workItem ? file : 0;
    const files = allRows<StoredFileRow>(statement, item.id, begin, ROWS, bits);
    for (const row of files) rows.push(toFileRow(item, row));
    // A work item with more files than a batch is gone on with.
    if (files.length === ROWS) return { rows, next: { workItem: item.id, file: files.at(-1)?.id ?? 0 } };
    const isOfItem = item.failure_code !== null || firstRow(hasFiles, item.id) === undefined;
    const own = isOfItem ? toWorkItemRow(item) : undefined;
    if (own !== undefined && (bits >> OUTCOME_BITS[own.outcome]) & 1) rows.push(own);
    if (rows.length >= ROWS) return { rows, next: { workItem: item.id, file: 0 } };
  }
  const last = workItems.length < WORK_ITEMS ? undefined : workItems.at(-1);
  return { rows, next: last && { workItem: last.id, file: 0 } };
}

/** A state of an earlier version keeps no content. */
function fileRowsSql(db: DatabaseSync): string {
  const hasMd5 = db.prepare("SELECT 1 FROM pragma_table_info('file') WHERE name = 'md5'").get() !== undefined;
  return hasMd5 ? PAST_SQL.fileRows : PAST_SQL.fileRows.replace("f.md5", "NULL AS md5");
}

function outcomeBits(outcomes: FileFilter["outcomes"]): number {
  if (outcomes === undefined) return ALL;
  return [...outcomes].reduce((bits, outcome) => bits | (1 << OUTCOME_BITS[outcome]), 0);
}

function toFileRow(item: WorkItemRow, row: StoredFileRow): FileRow {
  const { facts } = row;
  // Another machine, or another tool, announced it at a time of its own.
  const isOurs = facts & FACT.announced && !(facts & (FACT.elsewhere | FACT.takenOver));
  return {
    workItem: toWorkItem(item),
    fileName: fromTextColumn(row.name),
    blobName: row.blob_name ?? undefined,
    outcome: OUTCOMES[row.outcome] ?? "pending",
    code: row.code ?? undefined,
    message: row.message ?? undefined,
    requestId: row.request_id ?? undefined,
    attempts: row.attempts ?? (facts & ~FACT.vanished ? 1 : 0),
    bytes: row.bytes ?? undefined,
    contentMd5: fromMd5Column(row.md5),
    announcedAt: isOurs ? row.at * 1000 : undefined,
  };
}

const OUTCOME_OF_STATUS: Readonly<Record<WorkItemStatus, FileOutcome>> = {
  pending: "pending",
  in_progress: "pending",
  not_mine: "pending",
  // One with files has rows of its own.
  completed: "empty",
  empty: "empty",
  failed: "failed",
  skipped: "skipped",
  elsewhere: "elsewhere",
};

function toWorkItemRow(item: WorkItemRow): FileRow {
  return {
    workItem: toWorkItem(item),
    fileName: undefined,
    blobName: undefined,
    outcome: OUTCOME_OF_STATUS[fromStatusColumn(item.status)],
    code: item.failure_code ?? undefined,
    message: item.failure_message ?? undefined,
    requestId: item.failure_request_id ?? undefined,
    attempts: item.failure_attempts ?? 0,
    bytes: undefined,
    contentMd5: undefined,
    announcedAt: undefined,
  };
}

function readStarts(db: DatabaseSync): StartRecord[] {
  type Row = Pick<StartRecord, "number" | "host" | "files" | "failed" | "bytes"> & {
    readonly began_at: number;
    readonly last_at: number;
    readonly ended_at: number | null;
    readonly exit_code: number | null;
    readonly why: string | null;
  };
  return allRows<Row>(db.prepare(PAST_SQL.listStarts)).map(
    ({ began_at: beganAt, last_at: lastAt, ended_at: endedAt, exit_code: exitCode, why, ...rest }) => ({
      ...rest,
      beganAt,
      lastAt,
      endedAt: endedAt ?? undefined,
      exitCode: exitCode ?? undefined,
      why: why ?? undefined,
    }),
  );
}

function readLongest(db: DatabaseSync, max: number): FinishedWorkItem[] {
  type Row = Omit<KeyRow, "id"> & {
    readonly status: number;
    readonly started_at: number;
    readonly finished_at: number;
    readonly files_total: number | null;
    readonly files_failed: number | null;
  };
  return allRows<Row>(db.prepare(PAST_SQL.longestWorkItems), max).map((row) => ({
    workItem: toWorkItem(row),
    status: fromStatusColumn(row.status),
    startedAt: row.started_at * 1000,
    finishedAt: row.finished_at * 1000,
    filesTotal: row.files_total ?? 0,
    filesFailed: row.files_failed ?? 0,
  }));
}

/** A state of an earlier version, which is only read, lacks some. */
function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = ?`).get(name) !== undefined;
}

/** A row of SQLite has no prototype. */
function copy<T extends object>(row: T): T {
  return { ...row };
}
