/** queue.db, tenth schema: who gets no mail, and which posts of providers were taken. */
export const sql = `
-- address as suppressionAddress gives it (relay/suppression.ts); account '' for all of them.
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

-- Hashes of what a post, or one thing it said, is known by.
CREATE TABLE feedback_keys (
  key TEXT PRIMARY KEY,
  forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX feedback_keys_end ON feedback_keys (forget_at);
`;
