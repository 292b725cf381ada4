import { isAscii } from '../mail/ascii.ts';
import { composeDsn } from '../mail/dsn.ts';
import type { DsnRecipient } from '../mail/dsn-input.ts';
import { dsnFacts } from '../policy/dsn-facts.ts';
import { isAutomatic, type NotificationKind, owedNotification } from '../policy/notify.ts';
import { planMessage, routingSender } from '../policy/route.ts';
import type { Message, MessageId } from '../relay/message.ts';
import type { NewMessage } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { tracedAs } from '../relay/trace-context.ts';
import type { Decision } from './disposition.ts';
import { causeText } from './outcome-text.ts';

const KINDS: readonly NotificationKind[] = ['failed', 'delayed', 'relayed'];

export interface NotificationContext {
  readonly message: Message;
  /** The message or its beginning, header block included, and whether that is all of it. */
  readonly content: Buffer;
  readonly complete: boolean;
  /** Host that answered; null when none did. */
  readonly remoteMta: string | null;
  readonly lastAttemptAtMs: number | null;
  readonly settings: Settings;
  readonly nowMs: number;
  readonly newMessageId: () => MessageId;
}

/** Whether any of these decisions may owe a notification: only then is the body needed. */
export function mayOweNotification(message: Message, decisions: readonly Decision[]): boolean {
  if (message.envelope.reversePath === '') return false;
  return decisions.some(
    ({ notify, recipient }) =>
      notify !== null &&
      // By far the most common case, a delivery nobody asked a report of, costs nothing more.
      (notify !== 'relayed' ||
        (message.envelope.recipients[recipient.index]?.notify ?? null) !== null),
  );
}

/** The notifications these decisions owe, as messages that enter the queue with the settlement. */
export function notificationsOf(
  decisions: readonly Decision[],
  context: NotificationContext,
): NewMessage[] {
  const { message, content, settings } = context;
  const end = content.indexOf('\r\n\r\n');
  const header = content.subarray(0, end < 0 ? content.length : end + 2).toString('latin1');
  const autoSubmitted = isAutomatic(header);
  return KINDS.flatMap((kind) => {
    const concerned = decisions.filter(({ notify }) => notify === kind);
    if (concerned.length === 0) return [];
    const owed = owedNotification({
      message,
      autoSubmitted,
      recipients: concerned.map(({ recipient }) => recipient.index),
      kind,
      mode: settings.notifications.dsn.mode,
    });
    if (owed === null) return [];
    const told = concerned.filter(({ recipient }) => owed.recipients.includes(recipient.index));
    return notification(kind, { to: owed.to, told, context });
  });
}

function notification(
  kind: NotificationKind,
  what: { to: string; told: readonly Decision[]; context: NotificationContext },
): NewMessage[] {
  const { to, told, context } = what;
  const { message, settings, nowMs, newMessageId } = context;
  const id = newMessageId();
  // A provider takes no From but what the account may use, and the sender is just that.
  const from = settings.notifications.dsn.from ?? `Mail relay <${to}>`;
  const messageIdField = `<${id}.dsn@${settings.hostname}>`;
  const { ret, envid } = message.envelope;
  const bytes = composeDsn({
    action: kind,
    reportingMta: settings.hostname,
    from,
    to,
    dateMs: nowMs,
    messageIdField,
    boundary: `=_${id}`,
    original: {
      content: context.content,
      complete: context.complete,
      messageIdField: message.messageIdField,
      ret,
      envid,
      arrivedAtMs: message.acceptedAtMs,
    },
    recipients: told.map((decision) => dsnRecipient(kind, decision, context)),
  });
  const report = reportMessage(context, { id, to, from, messageIdField, bytes });
  return entry(settings, { report, lane: told[0]?.recipient.lane ?? null }, bytes);
}

/** RFC 3464 section 2: a report has the null reverse-path and asks for no report about itself. */
function reportMessage(
  { message, settings, nowMs }: NotificationContext,
  report: { id: MessageId; to: string; from: string; messageIdField: string; bytes: Buffer },
): Message {
  const eightBit = report.bytes.some((octet) => octet > 127);
  return {
    id: report.id,
    // It leaves by the way its sender's own mail takes, whatever that route asks for.
    client: message.client,
    envelope: {
      reversePath: '',
      recipients: [{ forwardPath: report.to, notify: 'NEVER', orcpt: null }],
      body: eightBit ? '8BITMIME' : null,
      smtpUtf8: !isAscii(report.to),
      ret: null,
      envid: null,
    },
    from: /<([^<>]*)>\s*$/.exec(report.from)?.[1] ?? report.from,
    messageIdField: report.messageIdField,
    boundAccount: message.boundAccount,
    routeSender: routingSender({ ...message, reversePath: message.envelope.reversePath }),
    routeHeaders: message.routeHeaders,
    ...tracedAs(message),
    acceptedAtMs: nowMs,
    expiresAtMs: nowMs + settings.queue.lifetimeMs,
    bytes: report.bytes.length,
    eightBit,
    headerUtf8: !isAscii(report.to),
  };
}

/** `lane`: where the mail is, or was, that is reported on. */
function entry(
  settings: Settings,
  { report, lane }: { report: Message; lane: string | null },
  bytes: Buffer,
): NewMessage[] {
  const [routed] = planMessage(settings, report);
  // Routes that ask for the recipient know nothing of the sender as one: its account stays.
  const message = routed?.action === 'reject' ? { ...report, boundAccount: lane } : report;
  const [plan] = planMessage(settings, message);
  if (plan === undefined || plan.action === 'discard') return [];
  const body = { in: 'memory', bytes } as const;
  if (plan.action === 'deliver' && plan.lane !== null) {
    const start = { is: 'waiting', dueAtMs: message.acceptedAtMs } as const;
    return [{ message, body, lane: plan.lane, start }];
  }
  return [{ message, body, lane: null, start: { is: 'held', reason: plan.text } }];
}

function dsnRecipient(
  kind: NotificationKind,
  { recipient, cause, reason }: Decision,
  { message, remoteMta, lastAttemptAtMs }: NotificationContext,
): DsnRecipient {
  const asked = message.envelope.recipients[recipient.index];
  // When the lifetime ends with an attempt, the attempt's own answer is the reason given (RFC 3464
  // 2.3.6).
  const facts =
    reason === 'expired' && cause?.from !== 'us'
      ? dsnFacts(
          kind,
          { from: 'us', reason: 'expired', detail: '' },
          lastAnswer(cause, recipient.lastText),
        )
      : dsnFacts(kind, cause, recipient.lastText);
  return {
    forwardPath: asked?.forwardPath ?? '',
    orcpt: asked?.orcpt ?? null,
    ...facts,
    remoteMta: facts.reply === null ? null : remoteMta,
    lastAttemptAtMs,
    retryUntilMs: kind === 'delayed' ? message.expiresAtMs : null,
  };
}

function lastAnswer(cause: Decision['cause'], lastText: string | null): string | null {
  return cause === null ? lastText : causeText(cause);
}
