/**
 * The first schema. Numbers in it are those of `facts.ts`; migrations never change once released, so they are
 * written out here.
 *
 * Size matters in one place: `file` has a row for every file that was touched (not for those to come), about 65
 * bytes with a name of 40, and 20 more in its index.
 */
export const INITIAL = `
-- The run, once its CSV is loaded: the row is inserted in the same transaction as the work items.
CREATE TABLE run (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id TEXT NOT NULL,
  identity TEXT NOT NULL,      -- JSON, RunIdentity
  settings TEXT NOT NULL,      -- JSON
  input_counts TEXT NOT NULL,  -- JSON, InputCounts
  created_at INTEGER NOT NULL, -- ms since the epoch
  starts INTEGER NOT NULL
) STRICT;

-- Who opened the state last; only to tell others, the lock itself is the file beside the state.
CREATE TABLE owner (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  started_at INTEGER NOT NULL, -- ms since the epoch, as ended_at
  heartbeat TEXT,              -- JSON, Heartbeat: how it goes, about every second
  ended_at INTEGER,            -- NULL while it runs, and when it was killed
  exit_code INTEGER,           -- NULL when it ended without a word
  why TEXT
) STRICT;

-- In input order. status: 0 pending, 1 in_progress, 2 completed, 3 empty, 4 failed. Times are seconds since the epoch.
CREATE TABLE work_item (
  id INTEGER PRIMARY KEY,
  job_id TEXT NOT NULL,
  work_item_id TEXT NOT NULL,
  name TEXT NOT NULL,          -- the CSV's, may be empty
  status INTEGER NOT NULL DEFAULT 0,
  catalog_name TEXT,           -- when it is another one
  files_total INTEGER,
  files_done INTEGER,          -- completed or skipped; written when the work item is finished, as is files_failed
  files_failed INTEGER,
  duplicates INTEGER,
  receipt_count INTEGER,
  receipt_digest TEXT,
  uri_base TEXT,               -- what the links of its files begin with
  surveyed_files INTEGER,      -- as the catalog counted them ahead of the lookup
  links_end INTEGER,           -- hours since the epoch, when it was surveyed; 2147483647: never, or not known
  started_at INTEGER,
  finished_at INTEGER,
  failure_code TEXT,           -- when it failed as a whole
  failure_message TEXT,
  failure_attempts INTEGER,
  failure_request_id TEXT
) STRICT;
CREATE UNIQUE INDEX work_item_key ON work_item (job_id, work_item_id);
CREATE INDEX work_item_not_completed ON work_item (status) WHERE status <> 2;
CREATE INDEX work_item_by_failure ON work_item (failure_code) WHERE status = 4 AND failure_code IS NOT NULL;
CREATE INDEX work_item_surveyed ON work_item (links_end, surveyed_files DESC)
  WHERE status = 0 AND surveyed_files IS NOT NULL;

-- In the order of their first event. facts: 1 in the target, 2 announced, 4 completed, 8 failed, 16 skipped,
-- 32 in the target before this run, 64 no longer listed by the last lookup, 128 still to be sent by an announce --all,
-- 256 taken over from a state of another tool.
-- source: NULL when the link is uri_base + name, else '<n>+<rest>': the first n characters of uri_base and the rest.
-- A name or rest that is not well-formed Unicode is a BLOB of JSON.
CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  work_item INTEGER NOT NULL,
  name ANY NOT NULL,
  source ANY,
  facts INTEGER NOT NULL,
  bytes INTEGER,
  at INTEGER NOT NULL          -- of the last event
) STRICT;
CREATE INDEX file_by_work_item ON file (work_item);
CREATE INDEX file_vanished ON file (id) WHERE facts & 64;

-- Only for files that failed, were skipped, needed more than one attempt or got another name than the template's.
CREATE TABLE file_detail (
  file INTEGER PRIMARY KEY,
  code TEXT,                   -- of the failure or skip; NULL when it succeeded after all, or is to be tried again
  message TEXT,
  attempts INTEGER NOT NULL,
  request_id TEXT,
  blob_name TEXT
) STRICT;
CREATE INDEX file_detail_by_code ON file_detail (code) WHERE code IS NOT NULL;

-- Files, and work items that failed as a whole, by what they ended with. outcome: 8 failed, 16 skipped.
CREATE TABLE failure_count (
  outcome INTEGER NOT NULL,
  code TEXT NOT NULL,
  files INTEGER NOT NULL,
  work_items INTEGER NOT NULL,
  PRIMARY KEY (outcome, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  work_items_pending INTEGER NOT NULL,
  work_items_in_progress INTEGER NOT NULL,
  work_items_completed INTEGER NOT NULL,
  work_items_empty INTEGER NOT NULL,
  work_items_failed INTEGER NOT NULL,
  work_items_not_looked_up INTEGER NOT NULL,
  work_items_not_surveyed INTEGER NOT NULL,
  files_total INTEGER NOT NULL,
  files_copied INTEGER NOT NULL,
  files_already_there INTEGER NOT NULL,
  files_failed INTEGER NOT NULL,
  files_skipped INTEGER NOT NULL,
  files_uploaded INTEGER NOT NULL,
  files_announced INTEGER NOT NULL,
  files_duplicates INTEGER NOT NULL,
  files_shortened INTEGER NOT NULL,
  files_expected INTEGER NOT NULL,
  drift_work_items INTEGER NOT NULL,
  drift_files_added INTEGER NOT NULL,
  drift_files_vanished INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

-- For people who ask with sqlite3: the columns of the original tool.
CREATE VIEW workitems AS
SELECT
  work_item_id AS workitem_id,
  coalesce(catalog_name, nullif(name, ''), work_item_id) AS workitem_name,
  job_id,
  CASE status
    WHEN 0 THEN 'pending' WHEN 1 THEN 'in_progress' WHEN 2 THEN 'completed' WHEN 3 THEN 'empty' ELSE 'failed'
  END AS status,
  coalesce(files_total, 0) AS files_total,
  CASE
    WHEN status >= 2 THEN coalesce(files_done, 0)
    WHEN receipt_count IS NULL THEN 0
    ELSE (SELECT count(*) FROM file WHERE file.work_item = work_item.id AND facts & 8 = 0 AND facts & 20)
  END AS files_processed,
  CASE WHEN status = 4
    THEN coalesce(failure_code || ': ' || failure_message, files_failed || ' of ' || files_total || ' files failed')
  END AS error_message,
  strftime('%Y-%m-%dT%H:%M:%SZ', started_at, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%SZ', finished_at, 'unixepoch') AS completed_at
FROM work_item;

CREATE VIEW files AS
SELECT
  w.work_item_id AS workitem_id,
  w.job_id AS job_id,
  CAST(f.name AS TEXT) AS filename,
  CASE
    WHEN f.source IS NULL THEN w.uri_base || CAST(f.name AS TEXT)
    ELSE substr(w.uri_base, 1, CAST(f.source AS INTEGER))
      || substr(CAST(f.source AS TEXT), instr(CAST(f.source AS TEXT), '+') + 1)
  END AS source_uri,
  CASE
    WHEN f.facts & 16 THEN 'skipped'
    WHEN f.facts & 8 THEN 'failed'
    WHEN f.facts & 4 THEN 'completed'
    WHEN f.facts & 1 THEN 'uploaded'
    ELSE 'pending'
  END AS status,
  CASE WHEN f.facts & 24 THEN d.code || ': ' || d.message END AS error_message,
  CASE WHEN f.facts & 1 THEN strftime('%Y-%m-%dT%H:%M:%SZ', f.at, 'unixepoch') END AS uploaded_at
FROM file f
JOIN work_item w ON w.id = f.work_item
LEFT JOIN file_detail d ON d.file = f.id;
`;
