import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Catalog } from "../../../src/catalog/catalog.ts";
import type { ListingOptions } from "../../../src/catalog/listing/listing.ts";
import { openListing } from "../../../src/catalog/listing/listing.ts";
import type { WorkItem } from "../../../src/core/work-item.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

/** A row of a listing; length and MD5 as they stand there. */
export interface TestRow {
  readonly JobId: string;
  readonly WorkItemId: string;
  readonly WorkItemName: string;
  readonly Uri: string;
  readonly FileName: string;
  readonly Length?: string;
  readonly ContentMD5?: string;
}

const COLUMNS = ["JobId", "WorkItemId", "WorkItemName", "Uri", "FileName", "Length", "ContentMD5"] as const;

/** The rows as an RFC 4180 CSV. */
export function csvOf(rows: readonly TestRow[], lineEnd = "\n"): string {
  const lines = rows.map((row) => COLUMNS.map((column) => csvField(row[column] ?? "")).join(","));
  return [COLUMNS.join(","), ...lines].map((line) => line + lineEnd).join("");
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows as one JSON object a line. */
export function ndjsonOf(rows: readonly TestRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A row of work item `workItemId` with its own link. */
export function rowOf(workItemId: string, FileName: string, more: Partial<TestRow> = {}): TestRow {
  return {
    JobId: "job-1",
    WorkItemId: workItemId,
    WorkItemName: `Item ${workItemId}`,
    Uri: `https://account.blob.core.windows.net/source/${workItemId}/${encodeURIComponent(FileName)}?sv=2024&sig=SECRET`,
    FileName,
    ...more,
  };
}

export function workItem(workItemId: string, jobId = "job-1"): WorkItem {
  return { jobId, workItemId, workItemName: "" };
}

export const { signal } = new AbortController();

/** A folder of its own for a listing and what is made of it. */
export interface ListingFolder {
  readonly folder: string;
  readonly options: ListingOptions;
  write(content: string | Uint8Array): Promise<void>;
  /** Opens the listing, with other options when given. */
  open(more?: Partial<ListingOptions>): Promise<Catalog>;
  remove(): Promise<void>;
}

export async function listingFolder(name = "files.csv"): Promise<ListingFolder> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-listing-"));
  const options: ListingOptions = {
    surroundings: REAL_SURROUNDINGS,
    path: join(folder, name),
    indexPath: join(folder, "state.listing-index"),
    rejectedPath: join(folder, "state.listing-rejected.csv"),
    signal,
  };
  return {
    folder,
    options,
    write: (content) => writeFile(options.path, content),
    open: (more) => openListing({ ...options, ...more }),
    remove: () => rm(folder, { recursive: true }),
  };
}
