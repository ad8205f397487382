/** Reads a state file as a person with `sqlite3` would, also while its owner is dead or at work. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Files in the state by their status; empty when the state holds no run yet. Names: `workItemId/fileName`. */
export function filesInState(path: string): Map<string, Set<string>> {
  const byStatus = new Map<string, Set<string>>();
  for (const { workitem_id: workItemId, filename, status } of rowsOf(path, "files")) {
    const name = `${String(workItemId)}/${String(filename)}`;
    const names = byStatus.get(String(status)) ?? new Set();
    byStatus.set(String(status), names.add(name));
  }
  return byStatus;
}

/** Status of each work item in the state, by `jobId/workItemId`. */
export function workItemsInState(path: string): Map<string, string> {
  return new Map(
    rowsOf(path, "workitems").map((row) => [
      `${String(row["job_id"])}/${String(row["workitem_id"])}`,
      String(row["status"]),
    ]),
  );
}

function rowsOf(path: string, view: "files" | "workitems"): Record<string, unknown>[] {
  if (!existsSync(path)) return [];
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    // Before its first commit the file has no tables.
    const isThere = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(view) !== undefined;
    return isThere ? database.prepare(`SELECT * FROM ${view}`).all() : [];
  } finally {
    database.close();
  }
}
