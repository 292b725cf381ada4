/**
 * history.db, first schema: one row per message, so that a message settled at once costs one
 * insert. The message's columns are those of queue.db. results and attempts are JSON, one entry a
 * line, only appended to. No index on settled_at: ids grow with time, so what is older than a day
 * lies at the start of the table.
 */
export const sql = `
CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  client TEXT NOT NULL,
  reverse_path TEXT NOT NULL,
  recipients TEXT NOT NULL,
  body_type TEXT,
  smtp_utf8 INTEGER NOT NULL,
  ret TEXT,
  envid TEXT,
  from_address TEXT,
  message_id_field TEXT,
  bound_account TEXT,
  route_sender TEXT,
  route_headers TEXT,
  accepted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  header_utf8 INTEGER NOT NULL,
  settled_at INTEGER,
  results TEXT NOT NULL,
  attempts TEXT NOT NULL
) STRICT;
`;
