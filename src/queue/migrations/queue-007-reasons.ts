/**
 * queue.db: why mail waits, so that an operator's numbers read an index and not the queue. Fresh
 * mail has no reason and no entry; the index is written only when an attempt has failed.
 */
export const sql = `
CREATE INDEX recipients_reasons ON recipients (lane, last_reason, message_id)
  WHERE last_reason IS NOT NULL AND state <> 'leased';
`;
