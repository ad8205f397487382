/**
 * Several partitions in one state, who holds what, and what happened in earlier tries. Numbers are those of `facts.ts`
 * and `columns.ts`; written out, as in 001.
 */
export const PARTITIONS = `
-- partition: NULL unless the run takes partitions as they get free. holder: the number of the start that has it in
-- progress. status: also 5 skipped, 6 done elsewhere, 7 of a partition that is not here.
ALTER TABLE work_item ADD COLUMN partition INTEGER;
ALTER TABLE work_item ADD COLUMN holder INTEGER;
CREATE INDEX work_item_by_partition ON work_item (partition, job_id, work_item_id) WHERE partition IS NOT NULL;

-- The file's number in catalog order, as the last lookup gave it. facts: also 256 completed by another machine.
ALTER TABLE file ADD COLUMN place INTEGER;

-- Tries at files that did not succeed; the first and the newest nine of each file. outcome: 8 failed, 16 skipped.
CREATE TABLE file_try (
  file INTEGER NOT NULL,
  number INTEGER NOT NULL,
  start INTEGER NOT NULL,      -- the number of the start that tried
  at INTEGER NOT NULL,         -- seconds since the epoch
  outcome INTEGER NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  request_id TEXT,
  PRIMARY KEY (file, number)
) STRICT, WITHOUT ROWID;

-- Partitions that were admitted once, and what their checkpoints told beyond single work items.
CREATE TABLE partition (
  number INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  files_elsewhere INTEGER NOT NULL,
  empty_elsewhere INTEGER NOT NULL,
  failures_elsewhere TEXT NOT NULL -- JSON, by code
) STRICT;

-- Which files of a work item another machine had completed: one bit a file in the catalog order of this receipt.
CREATE TABLE open_elsewhere (
  work_item INTEGER PRIMARY KEY,
  receipt_count INTEGER NOT NULL,
  receipt_digest TEXT NOT NULL,
  completed BLOB NOT NULL
) STRICT;

ALTER TABLE counters ADD COLUMN work_items_skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN work_items_elsewhere INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN work_items_not_mine INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN files_elsewhere INTEGER NOT NULL DEFAULT 0;

DROP VIEW workitems;
CREATE VIEW workitems AS
SELECT
  work_item_id AS workitem_id,
  coalesce(catalog_name, nullif(name, ''), work_item_id) AS workitem_name,
  job_id,
  CASE status
    WHEN 0 THEN 'pending' WHEN 1 THEN 'in_progress' WHEN 2 THEN 'completed' WHEN 3 THEN 'empty' WHEN 4 THEN 'failed'
    WHEN 5 THEN 'skipped' WHEN 6 THEN 'elsewhere' ELSE 'not_mine'
  END AS status,
  coalesce(files_total, 0) AS files_total,
  CASE
    WHEN status IN (2, 3, 4) THEN coalesce(files_done, 0)
    WHEN receipt_count IS NULL THEN 0
    ELSE (SELECT count(*) FROM file WHERE file.work_item = work_item.id AND facts & 8 = 0 AND facts & 20)
  END AS files_processed,
  CASE WHEN status = 4
    THEN coalesce(failure_code || ': ' || failure_message, files_failed || ' of ' || files_total || ' files failed')
  END AS error_message,
  strftime('%Y-%m-%dT%H:%M:%SZ', started_at, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%SZ', finished_at, 'unixepoch') AS completed_at
FROM work_item;
`;
