import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { SeenKeys } from "../../core/csv-digest.ts";
import { uriWithoutQuery } from "../../core/file.ts";
import { isInShare, type Share } from "../../core/partition.ts";
import type { WorkItem } from "../../core/work-item.ts";
import type { OriginalCounts, OriginalStates, OriginalWorkItem } from "../original-states.ts";

/** `said`: the best that a state says of it. Links are without query; an empty one is not known. */
const SCHEMA = `
  CREATE TABLE work_item (
    id INTEGER PRIMARY KEY, work_item_id TEXT NOT NULL, job_id TEXT NOT NULL, said INTEGER NOT NULL,
    UNIQUE (work_item_id, job_id)
  );
  CREATE TABLE file (
    work_item INTEGER NOT NULL, file_name TEXT NOT NULL, uri TEXT NOT NULL, said INTEGER NOT NULL,
    PRIMARY KEY (work_item, file_name, uri)
  ) WITHOUT ROWID;
`;

const SAID = { other: 0, inProgress: 1, completed: 2 } as const;

/** What the states say, put together in a database of its own. A row that says nothing of use is only counted. */
export class MergedStates implements OriginalStates {
  readonly inUse: OriginalStates["inUse"];
  readonly #scratch: string;
  readonly #share: Share;
  readonly #db: DatabaseSync;
  readonly #putWorkItem: StatementSync;
  readonly #putFile: StatementSync;
  readonly #jobsOf: StatementSync;
  readonly #findWorkItem: StatementSync;
  readonly #filesOf: StatementSync;
  readonly #otherPartitions = new SeenKeys();
  #unusableRows = 0;
  #counts: OriginalCounts | undefined;
  /** The work item of the last file: its next one mostly follows. */
  #last = { jobId: "", workItemId: "", id: 0 };

  constructor(scratch: string, share: Share, inUse: OriginalStates["inUse"]) {
    this.inUse = inUse;
    this.#scratch = scratch;
    this.#share = share;
    this.#db = new DatabaseSync(join(scratch, "merged.db"));
    // Nothing here must survive a crash.
    this.#db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768");
    this.#db.exec(`${SCHEMA} BEGIN`);
    this.#putWorkItem = this.#db.prepare(`
      INSERT INTO work_item (work_item_id, job_id, said) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET said = max(said, excluded.said) RETURNING id`);
    this.#putFile = this.#db.prepare(`
      INSERT INTO file VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET said = max(said, excluded.said)`);
    this.#jobsOf = this.#db.prepare("SELECT job_id FROM work_item WHERE work_item_id = ? LIMIT 2");
    this.#findWorkItem = this.#db.prepare(
      "SELECT id, said FROM work_item WHERE work_item_id = ? AND job_id = ?",
    );
    this.#filesOf = this.#db.prepare(
      `SELECT file_name, uri FROM file WHERE work_item = ? AND said = ${SAID.completed}`,
    );
  }

  get counts(): OriginalCounts {
    return (this.#counts ??= this.#count());
  }

  takeWorkItem(row: { readonly jobId: string; readonly workItemId: string; readonly status: string }): void {
    const jobId = row.jobId.trim();
    const workItemId = row.workItemId.trim();
    if (jobId === "" || workItemId === "") this.#unusableRows++;
    else if (this.#isOurs(jobId, workItemId)) this.#putWorkItem.get(workItemId, jobId, saidBy(row.status));
  }

  takeFile(row: {
    readonly jobId: string;
    readonly workItemId: string;
    readonly fileName: string;
    readonly uri: string;
    readonly status: string;
  }): void {
    const said = saidBy(row.status);
    const workItemId = row.workItemId.trim();
    const jobId = row.jobId.trim() || this.#findOnlyJob(workItemId);
    if (jobId === "" || workItemId === "" || row.fileName === "") {
      if (said !== SAID.other) this.#unusableRows++;
    } else if (this.#isOurs(jobId, workItemId)) {
      const id = this.#findId(jobId, workItemId);
      if (said !== SAID.other) this.#putFile.run(id, row.fileName, uriWithoutQuery(row.uri.trim()), said);
    }
  }

  find({ jobId, workItemId }: Pick<WorkItem, "jobId" | "workItemId">): OriginalWorkItem | undefined {
    const found = this.#findWorkItem.get(workItemId, jobId);
    if (found === undefined) return undefined;
    const files = this.#filesOf.all(found["id"] ?? 0);
    return {
      completed: files.map((file) => ({
        fileName: String(file["file_name"]),
        uri: file["uri"] === "" ? undefined : String(file["uri"]),
      })),
      saidCompleted: found["said"] === SAID.completed,
    };
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  /** A state of which only the job of a file's work item is missing still says it, when there is but one. */
  #findOnlyJob(workItemId: string): string {
    const jobs = this.#jobsOf.all(workItemId);
    return jobs.length === 1 ? String(jobs[0]?.["job_id"]) : "";
  }

  #isOurs(jobId: string, workItemId: string): boolean {
    const isOurs = isInShare(workItemId, this.#share);
    if (!isOurs) this.#otherPartitions.add({ jobId, workItemId });
    return isOurs;
  }

  #findId(jobId: string, workItemId: string): number {
    if (this.#last.workItemId !== workItemId || this.#last.jobId !== jobId) {
      const id = Number(this.#putWorkItem.get(workItemId, jobId, SAID.other)?.["id"]);
      this.#last = { jobId, workItemId, id };
    }
    return this.#last.id;
  }

  #count(): OriginalCounts {
    const workItems = this.#countBySaid("work_item");
    const files = this.#countBySaid("file");
    return {
      workItems: workItems.reduce((sum, rows) => sum + rows, 0),
      otherPartitions: this.#otherPartitions.size,
      completedFiles: files[SAID.completed] ?? 0,
      stuckWorkItems: workItems[SAID.inProgress] ?? 0,
      stuckFiles: files[SAID.inProgress] ?? 0,
      unusableRows: this.#unusableRows,
    };
  }

  #countBySaid(table: "work_item" | "file"): number[] {
    const counts = [0, 0, 0];
    for (const row of this.#db.prepare(`SELECT said, count(*) AS rows FROM ${table} GROUP BY said`).all()) {
      counts[Number(row["said"])] = Number(row["rows"]);
    }
    return counts;
  }
}

function saidBy(status: string): number {
  switch (status.trim().toLowerCase()) {
    case "completed":
      return SAID.completed;
    case "in_progress":
      return SAID.inProgress;
    default:
      return SAID.other;
  }
}
