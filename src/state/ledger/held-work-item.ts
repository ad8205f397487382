import type { Incident } from "../../core/incident.ts";
import type { FailureCode } from "../../core/failure.ts";
import { type CatalogFile, fileKey, uriWithoutQuery } from "../../core/file.ts";
import type { Receipt } from "../../core/receipt.ts";
import type { FileStatus, WorkItemStatus } from "../../core/states.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { FailureRecord } from "../ledger.ts";
import type { FileTry } from "../state-reader.ts";
import type { Claim, FilesElsewhere, KnownFile } from "../work-queue.ts";
import { fileStatus, toKnownFile } from "./facts.ts";

/** What is kept of a file only when it did not succeed at the first try, or got another name than the template's. */
export interface FileDetail {
  readonly code: FailureCode | null;
  readonly message: string | null;
  readonly attempts: number;
  readonly requestId: string | null;
  readonly blobName: string | null;
}

/** A file that was touched, or is about to be. */
export interface FileEntry {
  readonly id: number;
  readonly item: HeldWorkItem;
  facts: number;
  bytes: number | null;
  /** Seconds since the epoch, of the last event. */
  at: number;
  /** Its number in catalog order, as the last lookup gave it. */
  place: number | null;
  /** Base64 MD5 of its content, to be written at the next commit. */
  contentMd5?: string | undefined;
  hasDetail: boolean;
  /** What it failed with or was skipped for. */
  code: FailureCode | null;
  /** To be written at the next commit: the file as a whole, ... */
  insert: { readonly fileName: string; readonly link: string } | undefined;
  /** ... its detail, ... */
  detail: FileDetail | undefined;
  /** ... tries that did not succeed, ... */
  tries: FileTry[] | undefined;
  /** ... what kept it from succeeding at once, ... */
  incidents: Incident[] | undefined;
  /** ... or only what changed. */
  dirty: boolean;
}

/** A file as an engine kept it from an earlier start. */
export interface StoredFile extends Pick<
  FileEntry,
  "id" | "facts" | "bytes" | "at" | "place" | "hasDetail" | "code"
> {
  readonly fileName: string;
  /** Without query. */
  readonly link: string;
  readonly blobName: string | null;
}

/** A work item as an engine keeps it. */
export interface StoredWorkItem {
  readonly id: number;
  readonly workItem: WorkItem;
  readonly partition: number;
  /** The catalog's name, when it is another one than the CSV's. */
  readonly catalogName: string | null;
  readonly filesTotal: number;
  readonly duplicates: number;
  /** Files that the run's filter leaves out. */
  readonly leftOut: number;
  readonly receipt: Receipt | undefined;
  readonly surveyedFiles: number | null;
  /** An engine's own: what the links of its files begin with. */
  readonly uriBase: string | null;
  readonly elsewhere: FilesElsewhere | undefined;
}

/**
 * A work item from its claim until it is finished or released: what is stored of it, and its files by `fileKey`, so that
 * an event finds the file without asking the engine.
 */
export class HeldWorkItem {
  readonly id: number;
  readonly workItem: WorkItem;
  readonly partition: number;
  readonly files = new Map<string, FileEntry>();
  /** Of the files that an earlier start left, the names in the target that are not plain. */
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
  leftOut: number;
  receipt: Receipt | undefined;
  readonly surveyedFiles: number | null;
  uriBase: string | null;
  elsewhere: FilesElsewhere | undefined;
  /** The engine has `elsewhere` stored, or had it when the work item was claimed. */
  readonly hadElsewhere: boolean;
  startedAt: number | null = null;
  finishedAt: number | null = null;
  failure: FailureRecord | undefined = undefined;
  /** To be written at the next commit. */
  dirty = false;

  /** `files`: those that an earlier start left. */
  constructor(stored: StoredWorkItem, files: readonly StoredFile[]) {
    this.id = stored.id;
    this.workItem = stored.workItem;
    this.partition = stored.partition;
    this.catalogName = stored.catalogName;
    this.filesTotal = stored.filesTotal;
    this.duplicates = stored.duplicates;
    this.leftOut = stored.leftOut;
    this.receipt = stored.receipt;
    this.surveyedFiles = stored.surveyedFiles;
    this.uriBase = stored.uriBase;
    this.elsewhere = stored.elsewhere;
    this.hadElsewhere = stored.elsewhere !== undefined;
    for (const file of files) this.#addKnown(file);
  }

  #addKnown({ fileName, link, blobName, ...stored }: StoredFile): void {
    const nothingToWrite = {
      insert: undefined,
      detail: undefined,
      tries: undefined,
      incidents: undefined,
      dirty: false,
    };
    const key = fileKey({ fileName, uri: link });
    this.files.set(key, { ...stored, item: this, ...nothingToWrite });
    if (blobName !== null) this.#blobNames.set(key, blobName);
    this.tally[fileStatus(stored.facts)]++;
  }

  /** Adds a file that is not stored yet. */
  addFile(key: string, file: CatalogFile, id: number): FileEntry {
    const entry: FileEntry = {
      id,
      item: this,
      facts: 0,
      bytes: null,
      at: 0,
      place: null,
      hasDetail: false,
      code: null,
      insert: { fileName: file.fileName, link: uriWithoutQuery(file.uri) },
      detail: undefined,
      tries: undefined,
      incidents: undefined,
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

  toClaim(lost: AbortSignal): Claim {
    const knownFiles = new Map<string, KnownFile>();
    for (const [key, entry] of this.files)
      knownFiles.set(key, toKnownFile(entry.facts, this.#blobNames.get(key)));
    return {
      id: this.id,
      workItem: this.workItem,
      partition: this.partition,
      lost,
      knownFiles,
      openedAs: this.receipt === undefined ? undefined : (this.catalogName ?? this.workItem.workItemName),
      surveyedFiles: this.surveyedFiles ?? undefined,
      elsewhere: this.elsewhere,
    };
  }
}
