/** The thread of `original.ts` that keeps its state: each message is committed by itself, and answered when it is. */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";

/** One change to the state. */
export type Commit =
  | { readonly what: "work item opened"; readonly workItem: string; readonly files: number }
  | { readonly what: "work item counted" | "work item completed"; readonly workItem: string }
  | {
      readonly what: "file found" | "file begun" | "file uploaded" | "file completed";
      readonly workItem: string;
      readonly name: string;
      readonly url: string;
    };

const db = new DatabaseSync("original.db");
db.exec(`
  CREATE TABLE workitems (workitem_id TEXT PRIMARY KEY, status TEXT, files_total INTEGER, files_processed INTEGER DEFAULT 0);
  CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, workitem_id TEXT, filename TEXT, source_uri TEXT, status TEXT,
    uploaded_at TIMESTAMP);
  CREATE INDEX files_by_name ON files (workitem_id, filename);
`);
const openWorkItem = db.prepare(
  "INSERT INTO workitems (workitem_id, files_total, status) VALUES (?, ?, 'in_progress')",
);
const countFile = db.prepare(
  "UPDATE workitems SET files_processed = files_processed + 1 WHERE workitem_id = ?",
);
const closeWorkItem = db.prepare("UPDATE workitems SET status = 'completed' WHERE workitem_id = ?");
const addFile = db.prepare(
  "INSERT INTO files (workitem_id, filename, source_uri, status) VALUES (?, ?, ?, 'pending')",
);
const setStatus = db.prepare(
  "UPDATE files SET status = ?, uploaded_at = datetime() WHERE workitem_id = ? AND filename = ?",
);

/** Statements outside a transaction are committed one by one. */
function write(change: Commit): void {
  switch (change.what) {
    case "work item opened":
      openWorkItem.run(change.workItem, change.files);
      break;
    case "work item counted":
      countFile.run(change.workItem);
      break;
    case "work item completed":
      closeWorkItem.run(change.workItem);
      break;
    case "file found":
      addFile.run(change.workItem, change.name, change.url);
      break;
    case "file begun":
      setStatus.run("in_progress", change.workItem, change.name);
      break;
    case "file uploaded":
      setStatus.run("uploaded", change.workItem, change.name);
      break;
    case "file completed":
      setStatus.run("completed", change.workItem, change.name);
  }
}

parentPort?.on("message", (message: Commit | "end") => {
  if (message === "end") {
    db.close();
    parentPort?.close();
    return;
  }
  write(message);
  parentPort?.postMessage("committed");
});
