/** What an operator says of single work items. Written out, as in 001. */
export const STEERING = `
-- bumped: the order in which the operator put it before all others; cleared when it is claimed.
ALTER TABLE work_item ADD COLUMN bumped INTEGER;
CREATE INDEX work_item_bumped ON work_item (bumped) WHERE bumped IS NOT NULL;
`;
