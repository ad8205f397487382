/** What happened: the content of each file, and over time each start, and how far it had come. Written out, as in 001. */
export const PAST = `
-- Of the content, 16 bytes, where it was computed or stated.
ALTER TABLE file ADD COLUMN md5 BLOB;

-- One row a start, the newest 1,000. files (finished in any way), failed and bytes are of this start. Times are ms.
CREATE TABLE run_start (
  number INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  began_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,    -- when the counts were noted
  ended_at INTEGER,            -- NULL while it runs, and when it was killed
  exit_code INTEGER,
  why TEXT,
  files INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

-- How far a start had come, at most 1,000 rows; step: ms between two rows when this one was written.
CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  start INTEGER NOT NULL,
  at INTEGER NOT NULL,
  step INTEGER NOT NULL,
  files INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
`;
