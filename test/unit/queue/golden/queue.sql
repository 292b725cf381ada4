CREATE TABLE accounts (
  account TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('paused', 'held')),
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER,
  strikes INTEGER,
  credential_version TEXT, hint TEXT, failing_since_at INTEGER, may_fail_over INTEGER,
  CHECK ((until_at IS NOT NULL AND strikes IS NOT NULL) = (state = 'paused')),
  CHECK ((credential_version IS NOT NULL) = (state = 'held'))
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE certificates (
  account TEXT PRIMARY KEY,
  memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
  account TEXT PRIMARY KEY,
  memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback_keys (
  key TEXT PRIMARY KEY,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX feedback_keys_end ON feedback_keys (forget_at);

CREATE TABLE held_senders (
  account TEXT NOT NULL,
  sender TEXT NOT NULL,
  detail TEXT NOT NULL,
  hint TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  standing TEXT NOT NULL,
  PRIMARY KEY (account, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rule TEXT NOT NULL
) STRICT;

CREATE TABLE messages (
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
  spool_file TEXT
) STRICT;

CREATE INDEX messages_spooled ON messages (spool_file) WHERE spool_file IS NOT NULL;

CREATE TABLE quotas (
  account TEXT PRIMARY KEY,
  boot TEXT NOT NULL,
  monotonic_at INTEGER NOT NULL,
  wall_at INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  windows TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recipients (
  message_id INTEGER NOT NULL REFERENCES messages (id),
  idx INTEGER NOT NULL,
  forward_path TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'in-doubt', 'held', 'quarantined')),
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

CREATE INDEX recipients_due ON recipients (lane, state, due_at) WHERE due_at IS NOT NULL;

CREATE INDEX recipients_expiry ON recipients (expires_at)
  WHERE state IN ('waiting', 'in-doubt', 'held');

CREATE INDEX recipients_leased ON recipients (lane, message_id) WHERE state = 'leased';

CREATE INDEX recipients_reasons ON recipients (lane, last_reason, message_id, state)
  WHERE last_reason IS NOT NULL AND state <> 'leased';

CREATE INDEX recipients_resting ON recipients (lane, state, message_id) WHERE state <> 'leased';

CREATE TABLE refusals (
  account TEXT PRIMARY KEY,
  refusals TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE relay_pause (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  reason TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER
) STRICT;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  boot TEXT NOT NULL,
  run TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE suppressions (
  address TEXT NOT NULL,
  account TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER,
  PRIMARY KEY (address, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX suppressions_end ON suppressions (until_at) WHERE until_at IS NOT NULL;
