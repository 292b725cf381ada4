/**
 * queue.db: why mail waits, so that an operator's numbers read an index and not the queue. Fresh
 * mail has no reason and no entry; the index is written only when an attempt has failed.
 */
export const sql = `
-- state: so that counting reads the index alone.
CREATE INDEX recipients_reasons ON recipients (lane, last_reason, message_id, state)
  WHERE last_reason IS NOT NULL AND state <> 'leased';
`;
