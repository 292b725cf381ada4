/**
 * queue.db, second schema: what is remembered of each account's server. The memory is JSON
 * (relay/certificate.ts) because it is read and written as a whole, about once a day and account.
 */
export const sql = `
CREATE TABLE certificates (
  account TEXT PRIMARY KEY,
  memory TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
