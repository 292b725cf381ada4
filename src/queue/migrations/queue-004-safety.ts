/**
 * queue.db, fourth schema: what keeps an account from bouncing mail that is not at fault. refusals
 * is JSON (relay/refusals.ts), at most some dozens of short texts, read once in a life.
 */
export const sql = `
CREATE TABLE refusals (
  account TEXT PRIMARY KEY,
  refusals TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Senders that an account may not send as. Their mail rests in recipients as held, in the account's
-- lane, with last_reason 'sender'. sender is in lower case.
CREATE TABLE held_senders (
  account TEXT NOT NULL,
  sender TEXT NOT NULL,
  detail TEXT NOT NULL,
  hint TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  standing TEXT NOT NULL,
  PRIMARY KEY (account, sender)
) STRICT, WITHOUT ROWID;
`;
