import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { MAX_ROW_BYTES } from "../core/csv.ts";
import { messageOf, ReuploadError, systemCodeOf } from "../core/errors.ts";
import { type WorkItem, workItemKey } from "../core/work-item.ts";
import type { KustoTable } from "../kusto/kusto.ts";

/** A row that is left out of the CSV, because its reader would not take it. */
export interface RejectedWorkItem {
  readonly workItem: WorkItem;
  /** Such as `WorkItemId is empty`. */
  readonly reason: string;
}

const HEADER = "JobId,WorkItemId,WorkItemName\n";
/** Rejected rows that are kept to be shown. */
const SHOWN = 5;
/** Characters that are written at once. */
const CHUNK = 256 * 1024;

/** The CSV of the work items found. It is written beside its place; each answer's repetitions are left out. */
export class WorkItemCsv {
  readonly #path: string;
  readonly #temporary: string;
  #handle: FileHandle | undefined;
  #counts = noCounts();

  private constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
  }

  /** @throws ReuploadError `output-unwritable`, `disk-full` */
  static async create(path: string): Promise<WorkItemCsv> {
    const csv = new WorkItemCsv(path);
    await csv.restart();
    return csv;
  }

  /** Adds the rows of an answer (columns JobId, WorkItemId and perhaps WorkItemName, as texts). */
  async add({ rows }: KustoTable): Promise<void> {
    const seen = new Set<string>();
    let text = "";
    for (const [jobId, workItemId, name] of rows) {
      const workItem = { jobId: textOf(jobId), workItemId: textOf(workItemId), workItemName: textOf(name) };
      const line = this.#lineOf(workItem, seen);
      if (line === undefined) continue;
      text += line;
      if (text.length < CHUNK) continue;
      await this.#write(text);
      text = "";
    }
    await this.#write(text);
  }

  /** Begins anew, with nothing but the header. */
  async restart(): Promise<void> {
    await this.#close();
    await writing(this.#path, async () => {
      this.#handle = await open(this.#temporary, "w");
    });
    await this.#write(HEADER);
    this.#counts = noCounts();
  }

  counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** Takes its place. @throws ReuploadError `output-unwritable`, `disk-full` */
  async publish(): Promise<void> {
    await writing(this.#path, async () => {
      await this.#handle?.sync();
      await this.#close();
      await rename(this.#temporary, this.#path);
    });
  }

  /** Removes what was not published. */
  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  /** The row's line; undefined for one that is not written. */
  #lineOf(workItem: WorkItem, seen: Set<string>): string | undefined {
    const counts = this.#counts;
    counts.rows++;
    const line = `${fieldOf(workItem.jobId)},${fieldOf(workItem.workItemId)},${fieldOf(workItem.workItemName)}\n`;
    const reason = problemOf(workItem, line);
    if (reason !== undefined) {
      counts.rejected++;
      if (counts.firstRejected.length < SHOWN) counts.firstRejected.push({ workItem, reason });
      return undefined;
    }
    const key = workItemKey(workItem);
    if (seen.has(key)) {
      counts.duplicates++;
      return undefined;
    }
    seen.add(key);
    counts.workItems++;
    return line;
  }

  async #write(text: string): Promise<void> {
    await writing(this.#path, async () => this.#handle?.appendFile(text));
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

interface Counts {
  rows: number;
  workItems: number;
  duplicates: number;
  rejected: number;
  firstRejected: RejectedWorkItem[];
}

function noCounts(): Counts {
  return { rows: 0, workItems: 0, duplicates: 0, rejected: 0, firstRejected: [] };
}

function textOf(cell: unknown): string {
  return typeof cell === "string" ? cell : "";
}

/** After RFC 4180; white space at the ends is part of an id, and the reader would trim it outside of quotes. */
function fieldOf(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Why the CSV's reader would not take this row, or would read another; undefined when it takes it. */
function problemOf({ jobId, workItemId, workItemName }: WorkItem, line: string): string | undefined {
  if (jobId.trim() === "")
    return workItemId.trim() === "" ? "JobId and WorkItemId are empty" : "JobId is empty";
  if (workItemId.trim() === "") return "WorkItemId is empty";
  if (/[\r\n]/.test(jobId + workItemId)) return "an id has a line break";
  if (line.includes("\0")) return "NUL character";
  if (![jobId, workItemId, workItemName].every((text) => text.isWellFormed())) return "not valid Unicode";
  return Buffer.byteLength(line) > MAX_ROW_BYTES ? "longer than 1 MiB" : undefined;
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const isFull = ["ENOSPC", "EDQUOT"].includes(systemCodeOf(thrown) ?? "");
    throw new ReuploadError(
      isFull ? "disk-full" : "output-unwritable",
      `The CSV ${path} cannot be written: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
