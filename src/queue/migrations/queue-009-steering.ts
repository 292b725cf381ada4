/** queue.db, ninth schema: what an operator has ordered for the time to come. */
export const sql = `
-- rule is JSON (relay/steering.ts). Ids are never used again: held mail names the rule that held
-- it.
CREATE TABLE hold_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rule TEXT NOT NULL
) STRICT;

-- All delivery is paused while there is a row.
CREATE TABLE relay_pause (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  reason TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER
) STRICT;
`;
