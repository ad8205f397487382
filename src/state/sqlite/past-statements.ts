import { FACT } from "../ledger/facts.ts";

/** The place of each outcome among the bits of a filter; `fileRows` gives the same numbers. */
export const OUTCOME_BITS = {
  copied: 0,
  "already-there": 1,
  elsewhere: 2,
  uploaded: 3,
  pending: 4,
  failed: 5,
  skipped: 6,
  empty: 7,
} as const;

const OUTCOME = `CASE
      WHEN f.facts & ${FACT.skipped} THEN ${OUTCOME_BITS.skipped}
      WHEN f.facts & ${FACT.failed} THEN ${OUTCOME_BITS.failed}
      WHEN f.facts & ${FACT.completed} THEN iif(f.facts & ${FACT.elsewhere}, ${OUTCOME_BITS.elsewhere},
        iif(f.facts & ${FACT.alreadyThere}, ${OUTCOME_BITS["already-there"]}, ${OUTCOME_BITS.copied}))
      WHEN f.facts & ${FACT.inTarget} THEN ${OUTCOME_BITS.uploaded}
      ELSE ${OUTCOME_BITS.pending} END`;

/** What asks for, and what notes, what happened over time. The tables of the first version suffice for the first part. */
export const PAST_SQL = {
  // ?2: NULL for all.
  workItemsWithFiles: `SELECT id, job_id, work_item_id, coalesce(catalog_name, name) AS name, status, failure_code,
      failure_message, failure_attempts, failure_request_id
    FROM work_item WHERE id > ?1 AND (?2 IS NULL OR work_item_id = ?2) ORDER BY id LIMIT ?3`,
  // ?4: a bit for each outcome that is wanted.
  fileRows: `SELECT f.id, f.name, f.facts, f.bytes, f.at, f.md5, ${OUTCOME} AS outcome, d.code, d.message, d.attempts,
      d.request_id, d.blob_name
    FROM file f LEFT JOIN file_detail d ON d.file = f.id
    WHERE f.work_item = ?1 AND f.id > ?2 AND (?4 >> ${OUTCOME}) & 1 ORDER BY f.id LIMIT ?3`,
  hasFiles: `SELECT 1 FROM file WHERE work_item = ? LIMIT 1`,
  longestWorkItems: `SELECT job_id, work_item_id, coalesce(catalog_name, name) AS name, status, started_at, finished_at,
      files_total, files_failed
    FROM work_item WHERE status IN (2, 3, 4) AND started_at IS NOT NULL AND finished_at IS NOT NULL
    ORDER BY finished_at - started_at DESC, id LIMIT ?`,
  listStarts: `SELECT number, host, began_at, last_at, ended_at, exit_code, why, files, failed, bytes
    FROM run_start ORDER BY number`,
  listHistory: `SELECT start, at, files, failed, bytes FROM history ORDER BY id`,

  beginStart: `INSERT OR REPLACE INTO run_start (number, host, began_at, last_at, files, failed, bytes)
    VALUES (?1, ?2, ?3, ?3, 0, 0, 0)`,
  dropOldStarts: `DELETE FROM run_start WHERE number <= ?`,
  noteStart: `UPDATE run_start SET last_at = ?2, files = ?3, failed = ?4, bytes = ?5 WHERE number = ?1`,
  endStart: `UPDATE run_start SET ended_at = ?2, exit_code = ?3, why = ?4 WHERE number = ?1`,
  addPoint: `INSERT INTO history (start, at, step, files, failed, bytes) VALUES (?, ?, ?, ?, ?, ?)`,
  countPoints: `SELECT count(*) AS points, coalesce(max(step), 0) AS step FROM history`,
  // The last one stays when their number is odd.
  dropEverySecondPoint: `DELETE FROM history WHERE id IN (
    SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM history) WHERE number % 2 = 0)`,
} as const;
