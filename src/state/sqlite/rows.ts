/** Rows of the state as the ledger knows work items and files, and back. */
import type { StatementSync } from "node:sqlite";
import type { FailureCode } from "../../core/failure.ts";
import type { FileTry } from "../state-reader.ts";
import type { FilesElsewhere } from "../work-queue.ts";
import type { ChangedRows } from "../ledger/changed-rows.ts";
import { FACT } from "../ledger/facts.ts";
import type { FileEntry, HeldWorkItem, StoredFile, StoredWorkItem } from "../ledger/held-work-item.ts";
import {
  fromSourceColumn,
  fromTextColumn,
  STATUS,
  type TextColumn,
  toMd5Column,
  toSourceColumn,
  toTextColumn,
  cutUriBase,
} from "./columns.ts";
import { allRows, firstRow, type KeyRow, type Statements, toWorkItem } from "./statements.ts";

export interface WorkItemRow extends KeyRow {
  readonly catalog_name: string | null;
  readonly files_total: number | null;
  readonly duplicates: number | null;
  readonly files_left_out: number | null;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
  readonly uri_base: string | null;
  readonly surveyed_files: number | null;
  readonly partition: number | null;
}

interface FileRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly source: TextColumn | null;
  readonly facts: number;
  readonly bytes: number | null;
  readonly at: number;
  readonly place: number | null;
  readonly has_detail: number;
  readonly code: FailureCode | null;
  readonly blob_name: string | null;
}

interface ReceiptColumns {
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
}

/** The receipt in these columns; undefined when the work item was not looked up. */
export function readReceipt({ receipt_count: count, receipt_digest: digest }: ReceiptColumns) {
  return count === null ? undefined : { count, digest: digest ?? "" };
}

/** @param onlyPartition the number of those without one */
export function readWorkItem(
  statements: Statements,
  row: WorkItemRow,
  onlyPartition: number,
): StoredWorkItem {
  return {
    id: row.id,
    workItem: toWorkItem(row),
    partition: row.partition ?? onlyPartition,
    catalogName: row.catalog_name,
    filesTotal: row.files_total ?? 0,
    duplicates: row.duplicates ?? 0,
    leftOut: row.files_left_out ?? 0,
    receipt: readReceipt(row),
    surveyedFiles: row.surveyed_files,
    uriBase: row.uri_base,
    elsewhere: readElsewhere(statements, row.id),
  };
}

/**
 * The files that the state knows of one work item, in catalog order.
 *
 * @param uriBase what its links begin with
 */
export function readFiles(statements: Statements, id: number, uriBase: string | null): StoredFile[] {
  return allRows<FileRow>(statements.filesOfWorkItem, id).map((row) => {
    const fileName = fromTextColumn(row.name);
    return {
      id: row.id,
      fileName,
      link: fromSourceColumn(uriBase ?? "", fileName, row.source),
      facts: row.facts,
      bytes: row.bytes,
      at: row.at,
      place: row.place,
      hasDetail: row.has_detail !== 0,
      code: row.code,
      blobName: row.blob_name,
    };
  });
}

/** What another machine had completed of a work item. */
export function readElsewhere(statements: Statements, id: number): FilesElsewhere | undefined {
  type Row = { receipt_count: number; receipt_digest: string; completed: Uint8Array };
  const row = firstRow<Row>(statements.findElsewhere, id);
  return (
    row && { receipt: { count: row.receipt_count, digest: row.receipt_digest }, completed: row.completed }
  );
}

/** Writes all that changed, in the caller's transaction. @param start the number of this start */
export function writeChanges(statements: Statements, changes: ChangedRows, start: number): void {
  for (const entry of changes.files) {
    // The first file says what the links begin with, which must not be committed later than the file.
    if (entry.insert !== undefined && entry.item.uriBase === null) {
      entry.item.uriBase = cutUriBase(entry.insert.link, entry.insert.fileName);
      changes.addWorkItem(entry.item);
    }
    writeFile(statements, entry, start);
  }
  for (const item of changes.workItems) writeWorkItem(statements, item, start);
}

function writeFile(statements: Statements, entry: FileEntry, start: number): void {
  const { id, item, facts, bytes, at, place, contentMd5, insert, detail, tries } = entry;
  const md5 = toMd5Column(contentMd5);
  if (insert === undefined) {
    statements.updateFile.run(facts, bytes, at, place, id);
    if (md5 !== null) statements.putMd5.run(md5, id);
  } else {
    const { fileName, link } = insert;
    const source = toSourceColumn(item.uriBase ?? "", fileName, link);
    statements.insertFile.run(id, item.id, toTextColumn(fileName), source, facts, bytes, at, place, md5);
  }
  if (detail !== undefined) {
    const { code, message, attempts, requestId, blobName } = detail;
    statements.putFileDetail.run(id, code, message, attempts, requestId, blobName);
  }
  writeIncidents(statements, entry, start);
  // A file that was not here before has no tries, so that its first one needs no look at the others.
  const [first, ...others] = tries ?? [];
  if (first === undefined) return;
  if (insert !== undefined && others.length === 0) writeTry(statements.addFirstTry, id, first);
  else writeTries(statements, id, [first, ...others]);
}

function writeIncidents(statements: Statements, { id, incidents = [] }: FileEntry, start: number): void {
  if (incidents.length === 0) return;
  for (const incident of incidents) statements.addIncident.run(id, start, JSON.stringify(incident));
  statements.dropOldIncidents.run(id);
}

function writeTry(statement: StatementSync, id: number, one: FileTry): void {
  const { start, at, outcome, code, message, attempts, requestId } = one;
  statement.run(id, start, Math.floor(at / 1000), FACT[outcome], code, message, attempts, requestId ?? null);
}

function writeTries(statements: Statements, id: number, tries: readonly FileTry[]): void {
  for (const one of tries) writeTry(statements.addTry, id, one);
  statements.dropOldTries.run(id);
}

function writeWorkItem(statements: Statements, item: HeldWorkItem, start: number): void {
  const finished = item.finishedAt !== null;
  if (item.hadElsewhere && item.opened) statements.dropElsewhere.run(item.id);
  statements.updateWorkItem.run(
    STATUS[item.status],
    item.catalogName,
    item.receipt === undefined ? null : item.filesTotal,
    finished ? item.tally.completed + item.tally.skipped : null,
    finished ? item.tally.failed : null,
    item.receipt === undefined ? null : item.duplicates,
    item.leftOut === 0 ? null : item.leftOut,
    item.receipt?.count ?? null,
    item.receipt?.digest ?? null,
    item.uriBase,
    item.startedAt,
    item.finishedAt,
    item.failure?.code ?? null,
    item.failure?.message ?? null,
    item.failure?.attempts ?? null,
    item.failure?.requestId ?? null,
    item.status === "in_progress" ? start : null,
    item.id,
  );
}
