/**
 * queue.db, eleventh schema: the same table with cheaper conditions. Of IN with three values or more
 * SQLite makes a temporary tree, each time a statement runs; every recipient that came or went paid
 * for two of them, in a condition and in an index that says nothing about fresh mail.
 */
export const sql = `
CREATE TABLE cheap_recipients (
  message_id INTEGER NOT NULL REFERENCES messages (id),
  idx INTEGER NOT NULL,
  forward_path TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'leased' OR state = 'waiting' OR state = 'in-doubt'
    OR state = 'held' OR state = 'quarantined'),
  lane TEXT,
  attempts INTEGER NOT NULL,
  due_at INTEGER,
  expires_at INTEGER NOT NULL,
  delay_warned INTEGER NOT NULL,
  last_text TEXT,
  last_reason TEXT,
  lease_run INTEGER,
  lease_until INTEGER,
  PRIMARY KEY (message_id, idx),
  CHECK ((due_at IS NOT NULL) = (state IN ('waiting', 'in-doubt'))),
  CHECK ((lease_run IS NOT NULL) = (state = 'leased'))
) STRICT, WITHOUT ROWID;

INSERT INTO cheap_recipients SELECT * FROM recipients;
DROP TABLE recipients;
ALTER TABLE cheap_recipients RENAME TO recipients;

CREATE INDEX recipients_due ON recipients (lane, state, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX recipients_expiry ON recipients (expires_at)
  WHERE state <> 'leased' AND state <> 'quarantined';
CREATE INDEX recipients_resting ON recipients (lane, state, message_id) WHERE state <> 'leased';
CREATE INDEX recipients_leased ON recipients (lane, message_id) WHERE state = 'leased';
CREATE INDEX recipients_reasons ON recipients (lane, last_reason, message_id, state)
  WHERE last_reason IS NOT NULL AND state <> 'leased';
`;
