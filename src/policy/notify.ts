import type { EnvelopeRecipient } from '../mail/envelope.ts';
import type { Message } from '../relay/message.ts';

/** RFC 3464 section 2.3.3 `Action`, as far as a relay can be the one to report it. */
export type NotificationKind = 'failed' | 'delayed' | 'relayed' | 'delivered';

/** The NOTIFY keyword (RFC 3461 section 4.1) that asks for each kind. */
const KEYWORD: Readonly<Record<NotificationKind, string>> = {
  failed: 'FAILURE',
  delayed: 'DELAY',
  relayed: 'SUCCESS',
  delivered: 'SUCCESS',
};

export interface NotificationQuery {
  readonly message: Pick<Message, 'client' | 'envelope'>;
  /** See `isAutomatic`; absent when the header is not at hand. */
  readonly autoSubmitted?: boolean;
  /** Indexes into the envelope's recipients of those this happened to. */
  readonly recipients: readonly number[];
  /**
   * `relayed` only when the upstream does not offer DSN: else it inherits the duty (RFC 3461
   * section 6.2.2).
   */
  readonly kind: NotificationKind;
  readonly mode: 'account' | 'off';
}

/**
 * Who is told what: the indexes to report to the reverse-path, or null when nobody is owed
 * anything. A loop is impossible: notifications have the null reverse-path, and nothing is ever
 * sent to one.
 */
export function owedNotification(
  query: NotificationQuery,
): { readonly to: string; readonly recipients: readonly number[] } | null {
  const { envelope } = query.message;
  const to = envelope.reversePath;
  if (query.mode === 'off' || query.autoSubmitted === true || !canBeTold(to)) return null;
  const recipients = query.recipients.filter((index) => {
    const recipient = envelope.recipients[index];
    return recipient !== undefined && wantsNotification(recipient, query.kind);
  });
  return recipients.length === 0 ? null : { to, recipients };
}

/**
 * RFC 3461 section 4.1: NEVER, a list, or nothing, which asks for failures and, as we choose,
 * delays.
 */
function wantsNotification({ notify }: EnvelopeRecipient, kind: NotificationKind): boolean {
  const keywords = notify === null ? ['FAILURE', 'DELAY'] : notify.toUpperCase().split(',');
  return keywords.includes(KEYWORD[kind]);
}

/**
 * RFC 5321 section 6.1: never to the null reverse-path; and never to another system's bounce
 * address.
 */
function canBeTold(reversePath: string): boolean {
  return reversePath !== '' && !/^"?mailer-daemon"?(?:@|$)/i.test(reversePath);
}

/**
 * Whether a header block says that a program wrote the message by itself (RFC 3834 section 5),
 * wants no automatic answer, or is a report already. The block is the message up to its first empty
 * line, as latin1 or UTF-8.
 */
export function isAutomatic(header: string): boolean {
  return (
    /^auto-submitted:\s*auto-/im.test(header) ||
    /^x-auto-response-suppress:[^\r\n]*\b(?:all|ndr)\b/im.test(header) ||
    /^content-type:\s*multipart\/report\b/im.test(header)
  );
}

/**
 * Whether a delay warning is due: once per recipient, and only while the message still lives.
 */
export function delayWarningDue(query: {
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  readonly nowMs: number;
  /** queue.delay_warning; null: none. */
  readonly delayWarningMs: number | null;
  readonly warned: boolean;
}): boolean {
  const { delayWarningMs, nowMs } = query;
  if (query.warned || delayWarningMs === null || nowMs >= query.expiresAtMs) return false;
  return nowMs - query.acceptedAtMs >= delayWarningMs;
}
