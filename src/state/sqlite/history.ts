import type { DatabaseSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import { fileKey } from "../../core/file.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { FACT, fileStatus } from "../ledger/facts.ts";
import type { FileHistory, FileTry, RecordedFile, WorkItemHistory } from "../state-reader.ts";
import { fromSourceColumn, fromStatusColumn, fromTextColumn, type TextColumn } from "./columns.ts";
import { allRows, firstRow, type KeyRow, SQL, toWorkItem } from "./statements.ts";

interface FileRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly facts: number;
  readonly attempts: number;
  readonly blob_name: string | null;
}

interface FactsRow {
  readonly name: TextColumn;
  readonly source: TextColumn | null;
  readonly facts: number;
  readonly bytes: number | null;
}

interface TryRow {
  readonly start: number;
  readonly at: number;
  readonly outcome: number;
  readonly code: FailureCode;
  readonly message: string;
  readonly attempts: number;
  readonly request_id: string | null;
}

/** What happened to one work item; undefined when the state has none with this key. */
export function readHistory(
  db: DatabaseSync,
  { jobId, workItemId }: Pick<WorkItem, "jobId" | "workItemId">,
): WorkItemHistory | undefined {
  type Row = KeyRow & { status: number; uri_base: string | null };
  const row = firstRow<Row>(db.prepare(SQL.findForHistory), jobId, workItemId);
  if (row === undefined) return undefined;
  const files = allRows<FileRow>(db.prepare(SQL.filesInTrouble), row.id);
  return {
    workItem: toWorkItem(row),
    status: fromStatusColumn(row.status),
    files: files.map((file) => readFile(db, file)),
    recorded: allRows<FactsRow>(db.prepare(SQL.factsOfFiles), row.id).map((file) =>
      toRecorded(file, row.uri_base ?? ""),
    ),
  };
}

function toRecorded({ name, source, facts, bytes }: FactsRow, uriBase: string): RecordedFile {
  const fileName = fromTextColumn(name);
  return {
    key: fileKey({ fileName, uri: fromSourceColumn(uriBase, fileName, source) }),
    status: fileStatus(facts),
    announced: (facts & FACT.announced) !== 0,
    elsewhere: (facts & FACT.elsewhere) !== 0,
    bytes: bytes ?? undefined,
  };
}

function readFile(db: DatabaseSync, row: FileRow): FileHistory {
  return {
    fileName: fromTextColumn(row.name),
    status: fileStatus(row.facts),
    attempts: row.attempts,
    blobName: row.blob_name ?? undefined,
    tries: hasTries(db) ? allRows<TryRow>(db.prepare(SQL.triesOfFile), row.id).map(toTry) : [],
  };
}

/** A state of the version before, which is only read, has none. */
function hasTries(db: DatabaseSync): boolean {
  return db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'file_try'`).get() !== undefined;
}

function toTry(row: TryRow): FileTry {
  return {
    outcome: row.outcome & FACT.skipped ? "skipped" : "failed",
    code: row.code,
    message: row.message,
    attempts: row.attempts,
    requestId: row.request_id ?? undefined,
    at: row.at * 1000,
    start: row.start,
  };
}
