import type { DatabaseSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import { fileKey } from "../../core/file.ts";
import type { Incident } from "../../core/incident.ts";
import type { WorkItem } from "../../core/work-item.ts";
import { FACT, fileStatus } from "../ledger/facts.ts";
import type { FileHistory, FileIncident, FileTry, RecordedFile, WorkItemHistory } from "../state-reader.ts";
import {
  fromSourceColumn,
  fromStatusColumn,
  fromTextColumn,
  type TextColumn,
  toTextColumn,
} from "./columns.ts";
import { allRows, firstRow, type KeyRow, SQL, toWorkItem } from "./statements.ts";

interface WorkItemRow extends KeyRow {
  readonly status: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly files_total: number | null;
  readonly files_left_out: number | null;
  readonly files_known: number;
  readonly partition: number | null;
  readonly uri_base: string | null;
  readonly failure_code: FailureCode | null;
  readonly failure_message: string | null;
  readonly failure_attempts: number | null;
  readonly failure_request_id: string | null;
}

interface FileRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly facts: number;
  readonly bytes: number | null;
  readonly at: number;
  readonly attempts: number | null;
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

/**
 * What happened to one work item; undefined when the state has none with this key.
 *
 * @param fileName is told in any case
 * @param onlyPartition the number of a work item that has none
 */
export function readHistory(
  db: DatabaseSync,
  { jobId, workItemId }: Pick<WorkItem, "jobId" | "workItemId">,
  fileName: string | undefined,
  onlyPartition: number,
): WorkItemHistory | undefined {
  const has = knownTables(db);
  const row = firstRow<WorkItemRow>(prepareFor(db, has, SQL.findForHistory), jobId, workItemId);
  if (row === undefined) return undefined;
  const wanted = fileName === undefined ? null : toTextColumn(fileName);
  const files = allRows<FileRow>(prepareFor(db, has, SQL.filesInTrouble), row.id, wanted);
  const partition = row.partition ?? onlyPartition;
  return {
    workItem: toWorkItem(row),
    status: fromStatusColumn(row.status),
    startedAt: toMs(row.started_at),
    finishedAt: toMs(row.finished_at),
    filesTotal: row.files_total ?? undefined,
    filesLeftOut: row.files_left_out ?? 0,
    filesKnown: row.files_known,
    failure: readFailure(row),
    partition,
    partitionEpoch: has.partition ? readEpoch(db, partition) : 0,
    files: files.map((file) => readFile(db, has, file)),
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

type Known = Readonly<Record<"file_try" | "file_incident" | "partition" | "leftOut", boolean>>;

/** A state of a version before, which is only read, lacks some. */
function knownTables(db: DatabaseSync): Known {
  const find = db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`);
  const has = (name: string): boolean => find.get(name) !== undefined;
  const leftOut = db
    .prepare(`SELECT 1 FROM pragma_table_info('work_item') WHERE name = 'files_left_out'`)
    .get();
  return {
    file_try: has("file_try"),
    file_incident: has("file_incident"),
    partition: has("partition"),
    leftOut: leftOut !== undefined,
  };
}

/** The statement, without what a version before lacks. */
function prepareFor(db: DatabaseSync, has: Known, sql: string) {
  const withoutIncidents = has.file_incident
    ? sql
    : sql.replace(/\s*OR EXISTS \(SELECT 1 FROM file_incident[^)]*\)/, "");
  const lacking = [...(has.partition ? [] : ["partition"]), ...(has.leftOut ? [] : ["files_left_out"])];
  return db.prepare(
    lacking.reduce((text, column) => text.replace(` ${column},`, ` NULL AS ${column},`), withoutIncidents),
  );
}

function readEpoch(db: DatabaseSync, partition: number): number {
  return firstRow<{ epoch: number }>(db.prepare(SQL.findEpoch), partition)?.epoch ?? 0;
}

function readFailure(row: WorkItemRow): WorkItemHistory["failure"] {
  const { failure_code: code, failure_message: message, failure_attempts: attempts } = row;
  if (code === null) return undefined;
  return {
    code,
    message: message ?? "",
    attempts: attempts ?? 1,
    requestId: row.failure_request_id ?? undefined,
  };
}

function readFile(db: DatabaseSync, has: Known, row: FileRow): FileHistory {
  const is = (fact: keyof typeof FACT): boolean => (row.facts & FACT[fact]) !== 0;
  return {
    fileName: fromTextColumn(row.name),
    status: fileStatus(row.facts),
    at: row.at * 1000,
    bytes: row.bytes ?? undefined,
    inTarget: is("inTarget"),
    alreadyThere: is("alreadyThere"),
    announced: is("announced"),
    elsewhere: is("elsewhere"),
    attempts: row.attempts ?? 1,
    blobName: row.blob_name ?? undefined,
    tries: has.file_try ? allRows<TryRow>(db.prepare(SQL.triesOfFile), row.id).map(toTry) : [],
    incidents: has.file_incident ? readIncidents(db, row.id) : [],
  };
}

function readIncidents(db: DatabaseSync, file: number): FileIncident[] {
  type Row = { readonly start: number; readonly incident: string };
  return allRows<Row>(db.prepare(SQL.incidentsOfFile), file).map(({ start, incident }) => ({
    ...(JSON.parse(incident) as Incident),
    start,
  }));
}

function toMs(seconds: number | null): number | undefined {
  return seconds === null ? undefined : seconds * 1000;
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
