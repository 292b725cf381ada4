/**
 * queue.db: what is known of the accounts' credentials, by their versions (relay/credential.ts).
 * JSON, because it is read and written as a whole. No credential stands in it.
 */
export const sql = `
CREATE TABLE credentials (
  account TEXT PRIMARY KEY,
  memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
