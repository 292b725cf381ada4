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
, events TEXT NOT NULL DEFAULT '', dialogues TEXT NOT NULL DEFAULT '') STRICT;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE terms (
  day INTEGER NOT NULL,
  term INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (day, term, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unindexed (
  id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE unknown_feedback (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  provider_id TEXT
) STRICT;
