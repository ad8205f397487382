import type { Counters } from "./counters.ts";
import { COUNTER_NAMES } from "./counters.ts";
import { STATUS } from "./facts.ts";
import type { FailureCounts } from "./failures.ts";
import type { FileEntry, OpenWorkItem } from "./open-work-item.ts";
import type { Statements } from "./statements.ts";

/**
 * The rows that changed since the last commit, each once however many events changed it: a file that is uploaded and
 * announced between two commits is one INSERT.
 */
export class PendingWrites {
  readonly #files: FileEntry[] = [];
  readonly #workItems: OpenWorkItem[] = [];

  addFile(entry: FileEntry): void {
    if (!entry.dirty) this.#files.push(entry);
    entry.dirty = true;
  }

  addWorkItem(item: OpenWorkItem): void {
    if (!item.dirty) this.#workItems.push(item);
    item.dirty = true;
  }

  /** Writes all of it and the counters, in the caller's transaction. */
  writeTo(statements: Statements, counters: Counters, failures: FailureCounts): void {
    for (const entry of this.#files) writeFile(statements, entry);
    for (const item of this.#workItems) writeWorkItem(statements, item);
    statements.updateCounters.run(...COUNTER_NAMES.map((name) => counters[name]));
    failures.writeTo(statements);
  }

  /** Forgets all of it, once it is committed. */
  clear(): void {
    for (const entry of this.#files) {
      entry.insert = undefined;
      entry.detail = undefined;
      entry.dirty = false;
    }
    for (const item of this.#workItems) item.dirty = false;
    this.#files.length = 0;
    this.#workItems.length = 0;
  }
}

function writeFile(statements: Statements, entry: FileEntry): void {
  const { id, facts, bytes, at, insert, detail } = entry;
  if (insert === undefined) statements.updateFile.run(facts, bytes, at, id);
  else statements.insertFile.run(id, entry.workItem, insert.name, insert.source, facts, bytes, at);
  if (detail !== undefined) {
    const { code, message, attempts, requestId, blobName } = detail;
    statements.putFileDetail.run(id, code, message, attempts, requestId, blobName);
  }
}

function writeWorkItem(statements: Statements, item: OpenWorkItem): void {
  const finished = item.finishedAt !== null;
  statements.updateWorkItem.run(
    STATUS[item.status],
    item.catalogName,
    item.receipt === undefined ? null : item.filesTotal,
    finished ? item.tally.completed + item.tally.skipped : null,
    finished ? item.tally.failed : null,
    item.receipt === undefined ? null : item.duplicates,
    item.receipt?.count ?? null,
    item.receipt?.digest ?? null,
    item.uriBase,
    item.startedAt,
    item.finishedAt,
    item.failure?.code ?? null,
    item.failure?.message ?? null,
    item.failure?.attempts ?? null,
    item.failure?.requestId ?? null,
    item.row.id,
  );
}
