import type { FileEntry, HeldWorkItem } from "./held-work-item.ts";

/**
 * What changed since the last commit, each file and work item once however many events changed it: a file that is
 * uploaded and announced between two commits is written once.
 */
export class ChangedRows {
  readonly files: FileEntry[] = [];
  readonly workItems: HeldWorkItem[] = [];

  addFile(entry: FileEntry): void {
    if (!entry.dirty) this.files.push(entry);
    entry.dirty = true;
  }

  addWorkItem(item: HeldWorkItem): void {
    if (!item.dirty) this.workItems.push(item);
    item.dirty = true;
  }

  /** Forgets all of it, once it is committed. */
  clear(): void {
    for (const entry of this.files) {
      entry.insert = undefined;
      entry.detail = undefined;
      entry.tries = undefined;
      entry.incidents = undefined;
      entry.contentMd5 = undefined;
      entry.dirty = false;
    }
    for (const item of this.workItems) item.dirty = false;
    this.files.length = 0;
    this.workItems.length = 0;
  }
}
