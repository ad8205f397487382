import type { DatabaseSync } from "node:sqlite";
import { parseNameTemplate } from "../../core/target-name.ts";
import type { RunIdentity } from "../../core/run-identity.ts";
import type { FoundName } from "../past.ts";
import { fromTextColumn, type TextColumn } from "./columns.ts";
import { allRows, firstRow, type KeyRow, SQL, toWorkItem } from "./statements.ts";

type FileOfRow = Omit<KeyRow, "id"> & { readonly file_name: TextColumn };

/** Names of files have no index, which would cost every file its bytes: the rows are read once, by a reader of its own. */
const FIND_SQL = {
  workItemsNamed: `SELECT job_id, work_item_id, coalesce(catalog_name, name) AS name FROM work_item
    WHERE work_item_id = ?1 OR name = ?1 OR catalog_name = ?1 LIMIT ?2`,
  filesWithBlobName: `SELECT w.job_id, w.work_item_id, coalesce(w.catalog_name, w.name) AS name, f.name AS file_name
    FROM file_detail d CROSS JOIN file f ON f.id = d.file CROSS JOIN work_item w ON w.id = f.work_item
    WHERE d.blob_name = ?1 LIMIT ?2`,
  workItemsBefore: `SELECT id, job_id, work_item_id, coalesce(catalog_name, name) AS name FROM work_item
    WHERE length(coalesce(catalog_name, nullif(name, ''), work_item_id)) > 0
      AND instr(?1, coalesce(catalog_name, nullif(name, ''), work_item_id)) > 0 LIMIT ?2`,
  namesOfFiles: `SELECT name FROM file WHERE work_item = ?`,
  filesNamed: `SELECT w.job_id, w.work_item_id, coalesce(w.catalog_name, w.name) AS name, f.name AS file_name
    FROM file f CROSS JOIN work_item w ON w.id = f.work_item
    WHERE f.name = ?1 OR substr(f.name, -length(?1) - 1) = '/' || ?1 LIMIT ?2`,
} as const;

/** Work items whose names stand in the blob's name: more are not looked at. */
const MOST_CANDIDATES = 1_000;

/**
 * As `StatePast.find`. The rows are read at most once for each meaning of the name.
 */
export function findName(db: DatabaseSync, name: string, max: number): readonly FoundName[] {
  const workItems = allRows<KeyRow>(db.prepare(FIND_SQL.workItemsNamed), name, max);
  if (workItems.length > 0)
    return workItems.map((row) => ({ workItem: toWorkItem(row), fileName: undefined }));
  const special = allRows<FileOfRow>(db.prepare(FIND_SQL.filesWithBlobName), name, max).map(toFound);
  if (special.length > 0) return special;
  const plain = findBlobs(db, name).slice(0, max);
  if (plain.length > 0) return plain;
  return allRows<FileOfRow>(db.prepare(FIND_SQL.filesNamed), name, max).map(toFound);
}

/** Files whose plain blob name it is: the names of its work item's files are made, and compared. */
function findBlobs(db: DatabaseSync, name: string): FoundName[] {
  const run = firstRow<{ identity: string }>(db.prepare(SQL.findRun));
  if (run === undefined) return [];
  const template = parseNameTemplate((JSON.parse(run.identity) as RunIdentity).nameTemplate);
  const files = db.prepare(FIND_SQL.namesOfFiles);
  return allRows<KeyRow>(db.prepare(FIND_SQL.workItemsBefore), name, MOST_CANDIDATES).flatMap((row) => {
    const workItem = toWorkItem(row);
    const named = { ...workItem, workItemName: workItem.workItemName || workItem.workItemId };
    return allRows<{ name: TextColumn }>(files, row.id)
      .map((file) => fromTextColumn(file.name))
      .filter((fileName) => template.render(named, fileName) === name)
      .map((fileName) => ({ workItem, fileName }));
  });
}

function toFound(row: FileOfRow): FoundName {
  return { workItem: toWorkItem(row), fileName: fromTextColumn(row.file_name) };
}
