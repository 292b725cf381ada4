import { parseRcptParameters } from '../mail/esmtp-parameters.ts';
import { mailboxFault, needsSmtpUtf8, splitAddressArgument } from '../mail/path.ts';
import type { Reply } from '../mail/reply.ts';
import { reportRefusal } from './message-events.ts';
import { REPLIES } from './replies.ts';
import type { Session, Transaction } from './session.ts';

/** RFC 5321 section 4.1.1.3 */
export function rcpt(session: Session, argument: string, done: () => void): void {
  const { transaction } = session;
  session.reply(transaction === null ? REPLIES.mailFirst : add(session, transaction, argument));
  done();
}

function add(session: Session, transaction: Transaction, argument: string): Reply {
  const split = splitAddressArgument(argument, 'TO');
  if (split === null) return REPLIES.forwardPathSyntax;
  const { path: forwardPath } = split;
  const fault = isPostmaster(forwardPath) ? null : mailboxFault(forwardPath);
  if (fault === 'too-long') return REPLIES.forwardPathLong;
  if (fault === 'syntax') return REPLIES.forwardPathSyntax;
  const parameters = parseRcptParameters(split.parameters);
  if ('refusal' in parameters) return parameters.refusal;
  // RFC 6531 section 3.5
  if (needsSmtpUtf8(forwardPath) && !transaction.parameters.smtpUtf8) return REPLIES.needsSmtpUtf8;
  if (transaction.forwardPaths.has(forwardPath)) return REPLIES.rcptOk;
  if (transaction.recipients.length >= transaction.settings.limits.recipients) {
    const reply = REPLIES.tooManyRecipients;
    reportRefusal(session.core, transaction, { reply, why: 'recipients', forwardPath });
    return reply;
  }
  transaction.forwardPaths.add(forwardPath);
  transaction.recipients.push({ forwardPath, ...parameters.value });
  return REPLIES.rcptOk;
}

/** RFC 5321 section 4.1.1.3: the one forward-path without a domain, in any case. */
function isPostmaster(path: string): boolean {
  return path.toLowerCase() === 'postmaster';
}
