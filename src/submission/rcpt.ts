import { parseRcptParameters } from '../mail/esmtp-parameters.ts';
import { mailboxFault, needsSmtpUtf8, splitAddressArgument } from '../mail/path.ts';
import type { Reply } from '../mail/reply.ts';
import { type LanePlan, planLanes } from '../policy/route.ts';
import type { Settings } from '../relay/settings.ts';
import { suppressedText } from '../relay/suppression.ts';
import type { Core } from './core.ts';
import { identityName } from './identity.ts';
import { reportRefusal } from './message-events.ts';
import { noPermission, REPLIES, suppressedRecipient } from './replies.ts';
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
  const suppressed = whySuppressed(session.core, transaction, forwardPath);
  if (suppressed !== null) {
    const reply = suppressedRecipient(suppressed);
    reportRefusal(session.core, transaction, { reply, why: 'suppressed', forwardPath });
    return reply;
  }
  transaction.forwardPaths.add(forwardPath);
  const { notify, orcpt } = parameters.value;
  transaction.recipients.push({ forwardPath, notify, orcpt });
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
  const plan = planFor(transaction, forwardPath);
  return plan?.action === 'reject' ? noPermission(plan.text) : null;
}

/** The way of one recipient as far as it is known before the message. */
function planFor(
  { settings, identity, reversePath }: Transaction,
  forwardPath: string,
): LanePlan | undefined {
  const boundAccount = identity.is === 'account' ? identity.name : null;
  const facts = { client: identityName(identity), sender: reversePath, boundAccount, headers: {} };
  const author = { reversePath, from: [], own: false, bytes: 0 };
  return planLanes(settings, { ...facts, author, recipients: [forwardPath] })[0];
}

/**
 * Why a recipient is refused who gets no mail; null: it is taken. An entry for one account counts as
 * soon as the route names that account: what came back there is not sent around it by another. Where
 * the account depends on the message, the attempt finds out (`delivery/suppressed`).
 */
function whySuppressed(
  { suppressed }: Core,
  transaction: Transaction,
  forwardPath: string,
): string | null {
  const { settings, identity, reversePath } = transaction;
  if (settings.suppression.action === 'drop' || !suppressed.has(forwardPath)) return null;
  const known =
    identity.is === 'account' ||
    (reversePath !== '' && settings.routes.every(({ header }) => header === null));
  const plan = known ? planFor(transaction, forwardPath) : undefined;
  const accounts = [...(plan?.accounts ?? []), ...(plan?.lane == null ? [] : [plan.lane])];
  const found = suppressed.find(forwardPath, accounts);
  return found === null ? null : suppressedText(found);
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
