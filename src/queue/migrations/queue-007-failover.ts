/**
 * queue.db, seventh schema: what failover has to know of an account that has stopped. Both are null
 * where the reason says it, and in rows of before.
 */
export const sql = `
ALTER TABLE accounts ADD COLUMN failing_since_at INTEGER;
ALTER TABLE accounts ADD COLUMN may_fail_over INTEGER;
`;
