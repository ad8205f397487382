import type { FailureCode } from "../../core/failure.ts";
import { fileKey, uriWithoutQuery, type CatalogFile } from "../../core/file.ts";
import type { Receipt } from "../../core/receipt.ts";
import type { FileStatus, WorkItemStatus } from "../../core/states.ts";
import type { ClaimedWorkItem, FailureRecord, KnownFile } from "../state-store.ts";
import {
  fromSourceColumn,
  fromTextColumn,
  type TextColumn,
  toSourceColumn,
  toTextColumn,
  uriBaseOf,
} from "./columns.ts";
import { fileStatusOf, knownFileOf } from "./facts.ts";
import { type KeyRow, workItemOf } from "./statements.ts";

/** A row of `file_detail`, as it is to be written. */
export interface FileDetail {
  readonly code: FailureCode | null;
  readonly message: string | null;
  readonly attempts: number;
  readonly requestId: string | null;
  readonly blobName: string | null;
}

/** A file with a row in the state, or about to get one. */
export interface FileEntry {
  readonly id: number;
  readonly workItem: number;
  facts: number;
  bytes: number | null;
  /** Seconds since the epoch. */
  at: number;
  hasDetail: boolean;
  /** What it failed with or was skipped for. */
  code: FailureCode | null;
  /** To be written at the next commit: the row as a whole, ... */
  insert: { readonly name: TextColumn; readonly source: TextColumn | null } | undefined;
  /** ... its detail, ... */
  detail: FileDetail | undefined;
  /** ... or only what changed. */
  dirty: boolean;
}

export interface WorkItemRow extends KeyRow {
  readonly catalog_name: string | null;
  readonly files_total: number | null;
  readonly duplicates: number | null;
  readonly receipt_count: number | null;
  readonly receipt_digest: string | null;
  readonly uri_base: string | null;
  readonly surveyed_files: number | null;
}

export interface FileRow {
  readonly id: number;
  readonly name: TextColumn;
  readonly source: TextColumn | null;
  readonly facts: number;
  readonly bytes: number | null;
  readonly at: number;
  readonly has_detail: number;
  readonly code: FailureCode | null;
  readonly blob_name: string | null;
}

/**
 * A work item from its claim until it is finished or released: its row, and its files by `fileKey`, so that an event
 * finds the file's row without asking the database.
 */
export class OpenWorkItem {
  readonly row: WorkItemRow;
  readonly files = new Map<string, FileEntry>();
  /** Of those that an earlier start left, the names in the target that are not plain. */
  readonly #blobNames = new Map<string, string>();
  /** How many of `files` have each status. */
  readonly tally: Record<FileStatus, number> = {
    pending: 0,
    uploaded: 0,
    completed: 0,
    failed: 0,
    skipped: 0,
  };
  status: WorkItemStatus = "pending";
  /** Looked up in this start. */
  opened = false;
  catalogName: string | null;
  filesTotal: number;
  duplicates: number;
  receipt: Receipt | undefined;
  readonly surveyedFiles: number | null;
  uriBase: string | null;
  startedAt: number | null = null;
  finishedAt: number | null = null;
  failure: FailureRecord | undefined = undefined;
  /** To be written at the next commit. */
  dirty = false;

  /** `files`: the rows that an earlier start left. */
  constructor(row: WorkItemRow, files: readonly FileRow[]) {
    this.row = row;
    this.catalogName = row.catalog_name;
    this.filesTotal = row.files_total ?? 0;
    this.duplicates = row.duplicates ?? 0;
    this.receipt =
      row.receipt_count === null ? undefined : { count: row.receipt_count, digest: row.receipt_digest ?? "" };
    this.surveyedFiles = row.surveyed_files;
    this.uriBase = row.uri_base;
    for (const file of files) this.#addKnown(file);
  }

  #addKnown(file: FileRow): void {
    const fileName = fromTextColumn(file.name);
    const uri = fromSourceColumn(this.uriBase ?? "", fileName, file.source);
    const entry: FileEntry = {
      id: file.id,
      workItem: this.row.id,
      facts: file.facts,
      bytes: file.bytes,
      at: file.at,
      hasDetail: file.has_detail !== 0,
      code: file.code,
      insert: undefined,
      detail: undefined,
      dirty: false,
    };
    const key = fileKey({ fileName, uri });
    this.files.set(key, entry);
    if (file.blob_name !== null) this.#blobNames.set(key, file.blob_name);
    this.tally[fileStatusOf(file.facts)]++;
  }

  /** A file that has no row yet. The first one says what the links begin with. */
  addFile(key: string, file: CatalogFile, id: number): FileEntry {
    const link = uriWithoutQuery(file.uri);
    this.uriBase ??= uriBaseOf(link, file.fileName);
    const entry: FileEntry = {
      id,
      workItem: this.row.id,
      facts: 0,
      bytes: null,
      at: 0,
      hasDetail: false,
      code: null,
      insert: {
        name: toTextColumn(file.fileName),
        source: toSourceColumn(this.uriBase, file.fileName, link),
      },
      detail: undefined,
      dirty: false,
    };
    this.files.set(key, entry);
    this.tally.pending++;
    return entry;
  }

  get lookedUp(): boolean {
    return this.receipt !== undefined;
  }

  /** Files that came to an end or at least into the target. */
  get accountedFor(): number {
    return this.tally.uploaded + this.tally.completed + this.tally.failed + this.tally.skipped;
  }

  toClaim(): ClaimedWorkItem {
    const knownFiles = new Map<string, KnownFile>();
    for (const [key, entry] of this.files)
      knownFiles.set(key, knownFileOf(entry.facts, this.#blobNames.get(key)));
    return {
      id: this.row.id,
      workItem: workItemOf(this.row),
      knownFiles,
      receipt: this.receipt,
      openedAs: this.receipt === undefined ? undefined : (this.catalogName ?? this.row.name),
      surveyedFiles: this.surveyedFiles ?? undefined,
    };
  }
}
