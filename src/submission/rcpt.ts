import { parseRcptParameters } from '../mail/esmtp-parameters.ts';
import { mailboxFault, needsSmtpUtf8, splitAddressArgument } from '../mail/path.ts';
import type { Reply } from '../mail/reply.ts';
import { planLanes } from '../policy/route.ts';
import type { Settings } from '../relay/settings.ts';
import { identityName } from './identity.ts';
import { reportRefusal } from './message-events.ts';
import { noPermission, REPLIES } from './replies.ts';
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
  const rejected = rejectedByRoute(transaction, forwardPath);
  if (rejected !== null) {
    reportRefusal(session.core, transaction, { reply: rejected, why: 'no-route', forwardPath });
    return rejected;
  }
  transaction.forwardPaths.add(forwardPath);
  transaction.recipients.push({ forwardPath, ...parameters.value });
  return REPLIES.rcptOk;
}

/**
 * A recipient that no route takes is refused here, so that the others get their message; where a
 * route looks at the header, or the From field stands for the null reverse-path, that has to wait
 * for the message.
 */
function rejectedByRoute(transaction: Transaction, forwardPath: string): Reply | null {
  const { settings, identity, reversePath } = transaction;
  if (identity.is === 'account' || reversePath === '' || !recipientDecides(settings)) return null;
  const client = identityName(identity);
  const facts = { client, sender: reversePath, boundAccount: null, headers: {} };
  const author = { reversePath, from: [], own: false, bytes: 0 };
  const [plan] = planLanes(settings, { ...facts, author, recipients: [forwardPath] });
  return plan?.action === 'reject' ? noPermission(plan.text) : null;
}

const decisions = new WeakMap<Settings, boolean>();

/** Whether routes depend on the recipient, and on nothing that is not known yet. */
function recipientDecides(settings: Settings): boolean {
  const known = decisions.get(settings);
  if (known !== undefined) return known;
  const { routes } = settings;
  const decides =
    routes.some(({ recipient }) => recipient !== null) &&
    routes.every(({ header }) => header === null);
  decisions.set(settings, decides);
  return decides;
}

/** RFC 5321 section 4.1.1.3: the one forward-path without a domain, in any case. */
function isPostmaster(path: string): boolean {
  return path.toLowerCase() === 'postmaster';
}
