import { messageIdFromNumber } from '../relay/message-id.ts';
import { type Core, count } from './core.ts';
import { type DecodedMessage, decodeMessage } from './rows.ts';
import type { RecipientRow } from './statements.ts';

/** A message with the recipients that were asked for; null after it was set aside as unreadable. */
export function readOrQuarantine(
  core: Core,
  id: number,
  recipients: readonly RecipientRow[],
): DecodedMessage['message'] | null {
  const row = core.sql.readMessage.get(id);
  const decoded = row === undefined ? null : decodeMessage(row);
  const problem = decoded === null ? 'the message row is missing' : decoded.problem;
  const known = decoded?.message.envelope.recipients.length ?? 0;
  const stray = recipients.some(({ idx }) => idx >= known) ? 'recipients do not match' : null;
  const found = problem ?? stray;
  if (found === null && decoded !== null) return decoded.message;
  quarantine(core, id, found ?? 'the message row is missing');
  return null;
}

/**
 * One bad row never stops the daemon: what rests of the message waits in its own state for an
 * operator.
 */
function quarantine(core: Core, id: number, problem: string): void {
  const rows = core.sql.readRecipients.all(id).filter(({ due_at, state }) => {
    return due_at !== null || state === 'held';
  });
  core.sql.quarantine.run(problem, id);
  for (const { lane, state } of rows) {
    count(core, lane, state, -1);
    count(core, lane, 'quarantined', 1);
  }
  const notice = { is: 'quarantined', id: messageIdFromNumber(id), detail: problem } as const;
  core.aftermath.add('later', () => core.report(notice));
}
