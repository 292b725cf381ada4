/** queue.db, sixth schema: what a person can do about an account that does not work. */
export const sql = `
-- Absent in rows from before, and where there is nothing to say.
ALTER TABLE accounts ADD COLUMN hint TEXT;
`;
