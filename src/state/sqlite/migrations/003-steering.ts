/** What an operator says of single work items, and what kept files from succeeding at once. Written out, as in 001. */
export const STEERING = `
-- bumped: the order in which the operator put it before all others; cleared when it is claimed.
ALTER TABLE work_item ADD COLUMN bumped INTEGER;
CREATE INDEX work_item_bumped ON work_item (bumped) WHERE bumped IS NOT NULL;

-- Requests that were repeated, second requests, new links and waits; the first five and the newest fifteen of each file.
CREATE TABLE file_incident (
  file INTEGER NOT NULL,
  number INTEGER NOT NULL,
  start INTEGER NOT NULL,      -- the number of the start
  incident TEXT NOT NULL,      -- JSON, Incident
  PRIMARY KEY (file, number)
) STRICT, WITHOUT ROWID;
`;
