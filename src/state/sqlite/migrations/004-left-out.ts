/** What the run's filter leaves out. Written out, as in 001. */
export const LEFT_OUT = `
-- Files of the last lookup; NULL: none.
ALTER TABLE work_item ADD COLUMN files_left_out INTEGER;
ALTER TABLE counters ADD COLUMN files_left_out INTEGER NOT NULL DEFAULT 0;

-- Of the work items that another machine did.
ALTER TABLE partition ADD COLUMN left_out_elsewhere INTEGER NOT NULL DEFAULT 0;
`;
