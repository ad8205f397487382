import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { WorkItem } from "../../core/work-item.ts";
import { COUNTER_NAMES } from "../ledger/counters.ts";

export const CLAIMED_COLUMNS = `id, job_id, work_item_id, name, catalog_name, files_total, duplicates, files_left_out, receipt_count,
      receipt_digest, uri_base, surveyed_files, partition`;

const PARTITION_COLUMNS = `id, job_id, work_item_id, name, status, files_total, files_done, files_left_out,
      receipt_count, receipt_digest, surveyed_files, failure_code, finished_at`;

const MARK = `char(status + iif(status IN (0, 1, 4, 7) AND (receipt_count IS NOT NULL
      OR EXISTS (SELECT 1 FROM open_elsewhere e WHERE e.work_item = w.id)), 97, 48))`;

/**
 * Every statement that runs while a state is open, by its verb. The numbers are those of `facts.ts` and `columns.ts`. `status <> 2`
 * stands where the partial index `work_item_not_completed` is meant.
 */
export const SQL = {
  // The run and its owner.
  insertRun: `INSERT INTO run (only_row, id, identity, settings, input_counts, created_at, starts)
    VALUES (1, ?, ?, ?, ?, ?, 1)`,
  findRun: `SELECT id, identity, settings, input_counts, created_at, starts FROM run`,
  countStart: `UPDATE run SET identity = ?, settings = ?, input_counts = ?, starts = starts + 1`,
  putOwner: `INSERT OR REPLACE INTO owner
    (only_row, pid, host, started_at, heartbeat, ended_at, exit_code, why) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
  findOwner: `SELECT pid, host, started_at, heartbeat, ended_at, exit_code, why FROM owner`,
  clearOwner: `DELETE FROM owner`,
  putHeartbeat: `UPDATE owner SET heartbeat = ?`,
  // The owner was killed, and somebody else has moved the log into the state since.
  noteLogMoved: `UPDATE owner SET why = 'log-moved' WHERE ended_at IS NULL`,
  endOwner: `UPDATE owner SET ended_at = ?, exit_code = ?, why = ?`,

  // Rows of the CSV.
  addWorkItem: `INSERT INTO work_item (job_id, work_item_id, name, partition, status) VALUES (?, ?, ?, ?, ?)`,
  findWorkItem: `SELECT id, name FROM work_item WHERE job_id = ? AND work_item_id = ?`,
  lastWorkItemId: `SELECT coalesce(max(id), 0) AS id FROM work_item`,
  workItemsAfter: `SELECT job_id, work_item_id FROM work_item WHERE id > ? ORDER BY id LIMIT ?`,
  workItemById: `SELECT job_id, work_item_id FROM work_item WHERE id = ?`,

  // Claims and what comes of them.
  // First those that were surveyed, then the others in input order. `surveyedWorkItems` has their order from its index.
  surveyedWorkItems: `SELECT ${CLAIMED_COLUMNS} FROM work_item INDEXED BY work_item_surveyed
    WHERE status = 0 AND surveyed_files IS NOT NULL ORDER BY links_end, surveyed_files DESC, id LIMIT ?`,
  otherWorkItems: `SELECT ${CLAIMED_COLUMNS} FROM work_item
    WHERE status <> 2 AND status = 0 AND surveyed_files IS NULL AND id > ? ORDER BY id LIMIT ?`,
  claimable: `SELECT ${CLAIMED_COLUMNS} FROM work_item WHERE id = ? AND status = 0`,
  bumpedWorkItems: `SELECT ${CLAIMED_COLUMNS} FROM work_item INDEXED BY work_item_bumped
    WHERE bumped IS NOT NULL AND status = 0 ORDER BY bumped LIMIT ?`,
  // The first work items of each job with this id, by one step of the key's index a job.
  workItemsWithId: `WITH RECURSIVE job (first_id) AS (
      SELECT min(job_id) FROM work_item
      UNION ALL SELECT (SELECT min(job_id) FROM work_item WHERE job_id > first_id) FROM job
      WHERE first_id IS NOT NULL)
    SELECT ${PARTITION_COLUMNS}, partition FROM job CROSS JOIN work_item w ON w.job_id = first_id AND w.work_item_id = ?1
    WHERE ?2 IS NULL OR w.job_id = ?2 LIMIT ?3`,
  bump: `UPDATE work_item SET bumped = 1 + coalesce((SELECT max(bumped) FROM work_item WHERE bumped IS NOT NULL), 0)
    WHERE id = ? AND bumped IS NULL`,
  forgetBump: `UPDATE work_item SET bumped = NULL WHERE id = ? AND bumped IS NOT NULL`,
  countPending: `SELECT count(*) AS pending FROM work_item WHERE status <> 2 AND status = 0`,
  pendingInOrder: `SELECT id, surveyed_files, links_end
    FROM work_item WHERE status <> 2 AND status = 0 ORDER BY id`,
  pendingBySize: `SELECT id, surveyed_files, links_end FROM work_item WHERE status <> 2 AND status = 0
    ORDER BY coalesce(surveyed_files, -1), id`,
  updateWorkItem: `UPDATE work_item SET status = ?, catalog_name = ?, files_total = ?, files_done = ?,
      files_failed = ?, duplicates = ?, files_left_out = ?, receipt_count = ?, receipt_digest = ?, uri_base = ?, started_at = ?,
      finished_at = ?, failure_code = ?, failure_message = ?, failure_attempts = ?, failure_request_id = ?,
      holder = ?, bumped = NULL
    WHERE id = ?`,

  // Surveys: whose files are to be counted, and what came of it.
  notLookedUp: `SELECT id, job_id, work_item_id, name
    FROM work_item WHERE status <> 2 AND status = 0 AND receipt_count IS NULL AND id > ? ORDER BY id LIMIT ?`,
  allWorkItems: `SELECT id, job_id, work_item_id, name FROM work_item WHERE id > ? ORDER BY id LIMIT ?`,
  completedBefore: `SELECT id, job_id, work_item_id, name
    FROM work_item WHERE status = 2 AND finished_at <= ? AND id > ? ORDER BY id LIMIT ?`,
  findForSurvey: `SELECT id, status, receipt_count, receipt_digest, surveyed_files FROM work_item
    WHERE job_id = ? AND work_item_id = ?`,
  putSurvey: `UPDATE work_item SET surveyed_files = ?, links_end = ? WHERE id = ?`,
  requeueChanged: `UPDATE work_item SET surveyed_files = ?, links_end = ?, status = 0 WHERE id = ?`,

  // Files.
  filesOfWorkItem: `SELECT f.id, f.name, f.source, f.facts, f.bytes, f.at, f.place, d.file IS NOT NULL AS has_detail, d.code,
      d.blob_name
    FROM file f LEFT JOIN file_detail d ON d.file = f.id WHERE f.work_item = ?`,
  lastFileId: `SELECT coalesce(max(id), 0) AS id FROM file`,
  insertFile: `INSERT INTO file (id, work_item, name, source, facts, bytes, at, place, md5)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  updateFile: `UPDATE file SET facts = ?, bytes = ?, at = ?, place = ? WHERE id = ?`,
  putMd5: `UPDATE file SET md5 = ? WHERE id = ?`,
  putFileDetail: `INSERT INTO file_detail (file, code, message, attempts, request_id, blob_name)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (file) DO UPDATE SET code = excluded.code, message = excluded.message,
      request_id = excluded.request_id, attempts = max(attempts, excluded.attempts),
      blob_name = coalesce(excluded.blob_name, blob_name)`,
  addFirstTry: `INSERT INTO file_try (file, number, start, at, outcome, code, message, attempts, request_id)
    VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
  addTry: `INSERT INTO file_try (file, number, start, at, outcome, code, message, attempts, request_id)
    VALUES (?1, 1 + coalesce((SELECT max(number) FROM file_try WHERE file = ?1), 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
  addIncident: `INSERT INTO file_incident (file, number, start, incident)
    VALUES (?1, 1 + coalesce((SELECT max(number) FROM file_incident WHERE file = ?1), 0), ?2, ?3)`,
  // The first five and the newest fifteen stay.
  dropOldIncidents: `DELETE FROM file_incident WHERE file = ?1 AND number > 5
    AND number <= (SELECT max(number) FROM file_incident WHERE file = ?1) - 15`,
  // The first one and the newest nine stay.
  dropOldTries: `DELETE FROM file_try WHERE file = ?1 AND number > 1
    AND number <= (SELECT max(number) FROM file_try WHERE file = ?1) - 9`,

  // Counters.
  insertCounters: `INSERT INTO counters (only_row, ${COUNTER_NAMES.join(", ")})
    VALUES (1, ${COUNTER_NAMES.map(() => "?").join(", ")})`,
  updateCounters: `UPDATE counters SET ${COUNTER_NAMES.map((name) => `${name} = ?`).join(", ")}`,
  // All columns: a state of an earlier version, which is only read, has fewer.
  findCounters: `SELECT * FROM counters`,
  countWorkItems: `SELECT status, receipt_count IS NOT NULL AS looked_up, count(*) AS work_items,
      count(surveyed_files) AS surveyed, coalesce(sum(surveyed_files), 0) AS expected
    FROM work_item GROUP BY 1, 2`,

  // Back to pending, at a resume. The parameter is a JSON array of failure codes, or NULL for all.
  requeueInterrupted: `UPDATE work_item SET status = 0, holder = NULL WHERE status <> 2 AND status = 1
    AND (holder IS NULL OR holder NOT IN (SELECT value FROM json_each(?)))`,
  requeueFailed: `UPDATE work_item SET status = 0 WHERE status <> 2 AND status = 4 AND (
      ?1 IS NULL
      OR failure_code IN (SELECT value FROM json_each(?1))
      OR EXISTS (
        SELECT 1 FROM file f JOIN file_detail d ON d.file = f.id
        WHERE f.work_item = work_item.id AND f.facts & 8 AND d.code IN (SELECT value FROM json_each(?1))))`,
  // The catalog may list files for them by now.
  requeueEmpty: `UPDATE work_item SET status = 0 WHERE status <> 2 AND status = 3`,
  countFilesToRetry: `SELECT count(*) AS files, coalesce(sum(f.facts & 1), 0) AS in_target
    FROM file_detail d CROSS JOIN file f ON f.id = d.file
    WHERE f.facts & 8 AND (?1 IS NULL OR d.code IN (SELECT value FROM json_each(?1)))`,
  retryFiles: `UPDATE file SET facts = facts & ~8 WHERE facts & 8 AND id IN (
      SELECT file FROM file_detail WHERE ?1 IS NULL OR code IN (SELECT value FROM json_each(?1)))`,
  // Skipped files are tried again only when their code is named.
  requeueSkipped: `UPDATE work_item SET status = 0 WHERE id IN (
      SELECT f.work_item FROM file_detail d CROSS JOIN file f ON f.id = d.file
      WHERE f.facts & 16 AND d.code IN (SELECT value FROM json_each(?1)))`,
  countVanished: `SELECT count(*) AS files FROM file WHERE facts & 64`,
  retrySkipped: `UPDATE file SET facts = facts & ~16 WHERE facts & 16 AND id IN (
      SELECT file FROM file_detail WHERE code IN (SELECT value FROM json_each(?1)))`,

  // What is to be tried again has not failed any more.
  forgetFailures: `UPDATE file_detail SET code = NULL, message = NULL, request_id = NULL
    WHERE code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM file f WHERE f.id = file_detail.file AND f.facts & 24)`,

  // Partitions. A run that does not take them as they get free has one, in all rows without a number.
  leaveQueue: `UPDATE work_item SET status = 7 WHERE status <> 2 AND status = 0`,
  returnToQueue: `UPDATE work_item SET status = 0 WHERE status <> 2 AND status = 7`,
  findPartition: `SELECT epoch, files_elsewhere, empty_elsewhere, left_out_elsewhere, failures_elsewhere
    FROM partition WHERE number = ?`,
  findEpoch: `SELECT epoch FROM partition WHERE number = ?`,
  putPartition: `INSERT OR REPLACE INTO partition (number, epoch, files_elsewhere, empty_elsewhere,
      left_out_elsewhere, failures_elsewhere)
    VALUES (?, ?, ?, ?, ?, ?)`,
  sizesOfPartitions: `SELECT coalesce(partition, ?) AS partition, count(*) AS work_items FROM work_item GROUP BY 1`,
  leftInPartition: `SELECT count(*) AS work_items, count(*) FILTER (WHERE status = 1) AS in_progress
    FROM work_item WHERE partition = ? AND status IN (0, 1, 7)`,
  leftInWhole: `SELECT count(*) AS work_items, count(*) FILTER (WHERE status = 1) AS in_progress
    FROM work_item WHERE status IN (0, 1, 7)`,
  wholeInKeyOrder: `SELECT ${PARTITION_COLUMNS} FROM work_item
    WHERE (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?`,
  partitionInKeyOrder: `SELECT ${PARTITION_COLUMNS} FROM work_item
    WHERE partition = ? AND (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?`,
  // One character a work item: its status from '0' on, or from 'a' on when it is open and something is known of its
  // files (see checkpoint-scan.ts). Rows of JavaScript would cost ten times as much.
  wholeMarks: `SELECT group_concat(mark, '') AS marks FROM (SELECT ${MARK} AS mark FROM work_item w
    WHERE (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?)`,
  partitionMarks: `SELECT group_concat(mark, '') AS marks FROM (SELECT ${MARK} AS mark FROM work_item w
    WHERE partition = ? AND (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?)`,
  wholeOpen: `SELECT id, receipt_count, receipt_digest FROM (SELECT w.*, ${MARK} AS mark FROM work_item w
    WHERE (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?) WHERE mark >= 'a'`,
  partitionOpen: `SELECT id, receipt_count, receipt_digest FROM (SELECT w.*, ${MARK} AS mark FROM work_item w
    WHERE partition = ? AND (job_id, work_item_id) > (?, ?) ORDER BY job_id, work_item_id LIMIT ?) WHERE mark >= 'a'`,
  // What was given away: a sub-partition's number is in the row (core/sub-partition.ts).
  subPartitions: `SELECT DISTINCT partition FROM work_item WHERE partition >= ?`,
  partitionOfWorkItem: `SELECT partition FROM work_item WHERE id = ?`,
  familyInKeyOrder: `SELECT ${PARTITION_COLUMNS}, partition FROM work_item
    WHERE partition IN (SELECT value FROM json_each(?)) ORDER BY job_id, work_item_id`,
  offerable: `SELECT ${PARTITION_COLUMNS} FROM work_item w WHERE partition = ? AND status = 0 AND receipt_count IS NULL
    AND bumped IS NULL AND NOT EXISTS (SELECT 1 FROM open_elsewhere e WHERE e.work_item = w.id)
    ORDER BY coalesce(surveyed_files, 0) DESC, id`,
  setPartition: `UPDATE work_item SET partition = ? WHERE id = ?`,
  joinPartition: `UPDATE work_item SET partition = ? WHERE partition = ?`,
  setStatus: `UPDATE work_item SET status = ?, files_total = ? WHERE id = ?`,
  forgetLeftOut: `UPDATE work_item SET files_left_out = NULL WHERE id = ?`,
  completedPlaces: `SELECT place FROM file WHERE work_item = ? AND facts & 4 AND place IS NOT NULL`,
  findElsewhere: `SELECT receipt_count, receipt_digest, completed FROM open_elsewhere WHERE work_item = ?`,
  putElsewhere: `INSERT OR REPLACE INTO open_elsewhere (work_item, receipt_count, receipt_digest, completed)
    VALUES (?, ?, ?, ?)`,
  dropElsewhere: `DELETE FROM open_elsewhere WHERE work_item = ?`,
  fileFailuresOfPartition: `SELECT f.facts & 24 AS outcome, d.code, w.status IN (2, 4) AS finished, count(*) AS files
    FROM file_detail d CROSS JOIN file f ON f.id = d.file CROSS JOIN work_item w ON w.id = f.work_item
    WHERE d.code IS NOT NULL AND f.facts & 24 AND w.partition = ? GROUP BY 1, 2, 3`,
  failedElsewhere: `SELECT 1 FROM work_item WHERE status <> 2 AND status = 4 AND failure_code IS NULL
    AND files_failed IS NULL LIMIT 1`,
  failedElsewhereOfPartition: `SELECT 1 FROM work_item WHERE partition = ? AND status = 4 AND failure_code IS NULL
    AND files_failed IS NULL LIMIT 1`,
  // files_done of a work item that is not finished is from before.
  sumsOfPartition: `SELECT sum(files_total) AS total, sum(files_done) FILTER (WHERE status IN (2, 4)) AS done,
      count(*) FILTER (WHERE status = 3) AS empty
    FROM work_item WHERE partition = ?`,
  // Of work items that are not done: all others are counted.
  leftOutUnfinished: `SELECT sum(files_left_out) AS files FROM work_item
    WHERE status <> 2 AND status IN (0, 1, 3, 4, 5, 6, 7)`,
  leftOutOfPartition: `SELECT sum(files_left_out) AS files FROM work_item WHERE partition = ? AND status = 2`,
  // What was there before has 32.
  bytesOfPartition: `SELECT coalesce(sum(f.bytes), 0) AS bytes FROM work_item w CROSS JOIN file f ON f.work_item = w.id
    WHERE w.partition = ? AND f.facts & 33 = 1`,
  completedInUnfinished: `SELECT count(*) AS files FROM work_item w CROSS JOIN file f ON f.work_item = w.id
    WHERE w.partition = ? AND w.status NOT IN (2, 3, 4) AND w.receipt_count IS NOT NULL AND f.facts & 28 = 4`,
  completedInOpen: `SELECT count(*) AS files FROM work_item w CROSS JOIN file f ON f.work_item = w.id
    WHERE w.status <> 2 AND w.status IN (0, 1, 4, 7) AND w.receipt_count IS NOT NULL AND f.facts & 28 = 4`,
  completedInOpenOfPartition: `SELECT count(*) AS files FROM work_item w CROSS JOIN file f ON f.work_item = w.id
    WHERE w.partition = ? AND w.status IN (0, 1, 4, 7) AND w.receipt_count IS NOT NULL AND f.facts & 28 = 4`,
  workItemFailuresOfPartition: `SELECT failure_code AS code, count(*) AS work_items FROM work_item
    WHERE partition = ? AND status = 4 AND failure_code IS NOT NULL GROUP BY 1`,

  // What failed. facts and outcome: 8 failed, 16 skipped.
  findFailureCounts: `SELECT outcome, code, files, work_items FROM failure_count WHERE files > 0 OR work_items > 0`,
  putFailureCount: `INSERT OR REPLACE INTO failure_count (outcome, code, files, work_items) VALUES (?, ?, ?, ?)`,
  clearFailureCounts: `DELETE FROM failure_count`,
  recountFileFailures: `INSERT INTO failure_count (outcome, code, files, work_items)
    SELECT f.facts & 24, d.code, count(*), 0 FROM file_detail d CROSS JOIN file f ON f.id = d.file
    WHERE d.code IS NOT NULL AND f.facts & 24 GROUP BY 1, 2`,
  recountWorkItemFailures: `INSERT INTO failure_count (outcome, code, files, work_items)
    SELECT 8, failure_code, 0, count(*) FROM work_item WHERE status = 4 AND failure_code IS NOT NULL GROUP BY 2
    ON CONFLICT DO UPDATE SET work_items = excluded.work_items`,
  // A code may have ended files in both ways: the rows looked at are bounded, and with them the time.
  sampleFileFailures: `SELECT w.job_id, w.work_item_id, f.name, d.message, d.request_id
    FROM (SELECT file, message, request_id FROM file_detail WHERE code = ? ORDER BY file LIMIT 1000) d
    CROSS JOIN file f ON f.id = d.file CROSS JOIN work_item w ON w.id = f.work_item
    WHERE f.facts & 24 = ? ORDER BY d.file LIMIT 5`,
  sampleWorkItemFailures: `SELECT job_id, work_item_id, failure_message AS message, failure_request_id AS request_id
    FROM work_item WHERE status = 4 AND failure_code = ? ORDER BY id LIMIT 5`,

  // For those who only read.
  slowestWorkItems: `SELECT job_id, work_item_id, name, started_at, files_total,
      (SELECT count(*) FROM file f WHERE f.work_item = w.id AND f.facts & 28) AS files_done
    FROM (SELECT id, job_id, work_item_id, name, started_at, files_total FROM work_item
      WHERE status <> 2 AND status = 1 AND receipt_count IS NOT NULL ORDER BY started_at, id LIMIT ?) w`,
  remainingWorkItems: `SELECT id, job_id, work_item_id, name, status, iif(status = 4, failure_code, NULL) AS code
    FROM work_item WHERE id > ? AND status NOT IN (2, 3, 6) ORDER BY id LIMIT ?`,
  completedWorkItems: `SELECT id, job_id, work_item_id, name FROM work_item
    WHERE id > ? AND status = 2 AND coalesce(finished_at, 0) >= ? ORDER BY id LIMIT ?`,
  failureCodesOf: `SELECT DISTINCT d.code FROM file f CROSS JOIN file_detail d ON d.file = f.id
    WHERE f.work_item = ? AND f.facts & 8 ORDER BY 1`,
  findForHistory: `SELECT id, job_id, work_item_id, coalesce(catalog_name, name) AS name, status, started_at, finished_at,
      iif(receipt_count IS NULL, NULL, files_total) AS files_total, files_left_out, partition, failure_code, failure_message,
      failure_attempts, failure_request_id, uri_base,
      (SELECT count(*) FROM file f WHERE f.work_item = work_item.id) AS files_known
    FROM work_item WHERE job_id = ? AND work_item_id = ?`,
  filesInTrouble: `SELECT f.id, f.name, f.facts, f.bytes, f.at, d.attempts, d.blob_name
    FROM file f LEFT JOIN file_detail d ON d.file = f.id
    WHERE f.work_item = ?1 AND (d.file IS NOT NULL OR f.name = ?2
      OR EXISTS (SELECT 1 FROM file_incident i WHERE i.file = f.id)) ORDER BY f.id`,
  incidentsOfFile: `SELECT start, incident FROM file_incident WHERE file = ? ORDER BY number`,
  factsOfFiles: `SELECT name, source, facts, bytes FROM file WHERE work_item = ? ORDER BY id`,
  triesOfFile: `SELECT start, at, outcome, code, message, attempts, request_id
    FROM file_try WHERE file = ? ORDER BY number`,
} as const;

/** As much of a work item as the CSV gave. */
export interface KeyRow {
  readonly id: number;
  readonly job_id: string;
  readonly work_item_id: string;
  readonly name: string;
}

/** The work item that a row names. */
export function toWorkItem(row: Omit<KeyRow, "id">): WorkItem {
  return { jobId: row.job_id, workItemId: row.work_item_id, workItemName: row.name };
}

export type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

/** Prepares all statements for one connection. */
export function prepareStatements(db: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(SQL).map(([verb, sql]) => [verb, db.prepare(sql)])) as Statements;
}

/** The rows; the caller says what type the statement's columns have. */
export function allRows<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row[] {
  return statement.all(...parameters) as Row[];
}

/** The first row, undefined when there is none; the caller says what type the columns have. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the columns are
export function firstRow<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row | undefined {
  return statement.get(...parameters) as Row | undefined;
}
