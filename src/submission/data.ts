import { MessageReader } from './message-reader.ts';
import { REPLIES } from './replies.ts';
import type { Session } from './session.ts';

/** RFC 5321 section 4.1.1.4 */
export function data(session: Session, argument: string, done: () => void): void {
  const { transaction } = session;
  if (argument !== '') session.reply(REPLIES.noArguments);
  else if (transaction === null) session.reply(REPLIES.mailFirst);
  else if (transaction.recipients.length === 0) session.reply(REPLIES.noRecipients);
  else {
    session.readData(new MessageReader(session, transaction));
    session.reply(REPLIES.startData);
  }
  done();
}
