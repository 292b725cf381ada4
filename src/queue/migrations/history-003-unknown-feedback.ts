/** history.db, third schema: what providers said of messages that nobody here knows. */
export const sql = `
CREATE TABLE unknown_feedback (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  provider_id TEXT
) STRICT;
`;
