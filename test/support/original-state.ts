/** Writes states as the original Python tool left them: its tables, its statuses, and the damage that it could do. */
import { DatabaseSync } from "node:sqlite";

export interface OriginalWorkItemRow {
  readonly workitem_id: string;
  readonly job_id: string;
  readonly workitem_name?: string;
  readonly status: string;
  readonly files_total?: number;
  readonly files_processed?: number;
}

export interface OriginalFileRow {
  readonly workitem_id: string;
  readonly job_id: string;
  readonly filename: string;
  readonly source_uri: string | null;
  readonly status: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS workitems (
    workitem_id TEXT PRIMARY KEY, workitem_name TEXT, job_id TEXT, status TEXT, files_total INTEGER DEFAULT 0,
    files_processed INTEGER DEFAULT 0, error_message TEXT, started_at TIMESTAMP, completed_at TIMESTAMP
  );
  CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workitem_id TEXT, job_id TEXT, filename TEXT, source_uri TEXT, status TEXT,
    error_message TEXT, uploaded_at TIMESTAMP, FOREIGN KEY (workitem_id) REFERENCES workitems (workitem_id)
  );
`;

/** Adds to the state at `path`; leaves it open, as a tool that runs does. */
export function openOriginalState(
  path: string,
  workItems: readonly OriginalWorkItemRow[],
  files: readonly OriginalFileRow[],
): DatabaseSync {
  // Python's SQLite does not enforce foreign keys.
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec(`PRAGMA synchronous = OFF; ${SCHEMA} BEGIN`);
  const putWorkItem = db.prepare(
    `INSERT INTO workitems (workitem_id, workitem_name, job_id, status, files_total, files_processed, started_at)
     VALUES (?, ?, ?, ?, ?, ?, '2026-03-01 12:00:00')`,
  );
  const putFile = db.prepare(
    "INSERT INTO files (workitem_id, job_id, filename, source_uri, status) VALUES (?, ?, ?, ?, ?)",
  );
  for (const row of workItems) {
    putWorkItem.run(
      row.workitem_id,
      row.workitem_name ?? null,
      row.job_id,
      row.status,
      row.files_total ?? 0,
      row.files_processed ?? 0,
    );
  }
  for (const row of files) putFile.run(row.workitem_id, row.job_id, row.filename, row.source_uri, row.status);
  db.exec("COMMIT");
  return db;
}

export function writeOriginalState(...state: Parameters<typeof openOriginalState>): void {
  openOriginalState(...state).close();
}
