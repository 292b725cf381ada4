import type { StatusDetail } from '../mail/reply.ts';
import type { Judgement } from '../relay/reply-rule.ts';

/** Null: the status says no more than the reply code, which then decides. */
type Cell = Judgement | null;
type Row = readonly [details: readonly StatusDetail[], temporary: Cell, permanent: Cell];

const RETRY: Judgement = ['retry', 'upstream'];
const RETRY_RECIPIENT: Judgement = ['retry', 'recipient'];
const RETRY_CONTENT: Judgement = ['retry', 'content'];
const BOUNCE_RECIPIENT: Judgement = ['bounce-recipient', 'recipient'];
const BOUNCE_CONTENT: Judgement = ['bounce', 'content'];
const BOUNCE_CAPABILITY: Judgement = ['bounce', 'capability'];
const PAUSE: Judgement = ['pause', 'upstream'];
const HOLD_LOGIN: Judgement = ['hold-account', 'credentials'];

/**
 * RFC 3463 and IANA's registry of enhanced status codes: what 4.x.y and 5.x.y mean behind a
 * smarthost.
 */
const ROWS: readonly Row[] = [
  [['0.0'], RETRY, null],
  // X.1.y addresses
  [['1.0'], RETRY_RECIPIENT, ['bounce', null]],
  [['1.1', '1.2', '1.3', '1.4', '1.6', '1.9', '1.10'], RETRY_RECIPIENT, BOUNCE_RECIPIENT],
  [
    ['1.7', '1.8'],
    ['retry', 'sender'],
    ['hold-sender', 'sender'],
  ],
  // X.2.y mailboxes
  [['2.0', '2.1', '2.2', '2.3', '2.4'], RETRY_RECIPIENT, BOUNCE_RECIPIENT],
  // X.3.y their mail system
  [['3.0', '3.1', '3.2', '3.5'], PAUSE, ['bounce', 'upstream']],
  [['3.3'], RETRY, BOUNCE_CAPABILITY],
  [['3.4'], RETRY_CONTENT, BOUNCE_CONTENT],
  [['3.6'], RETRY, RETRY],
  // X.4.y network and routing
  [['4.0', '4.1', '4.3', '4.4'], RETRY, ['bounce-at-rcpt', 'upstream']],
  [['4.2'], ['reconnect-then-retry', 'upstream'], ['bounce-at-rcpt', 'upstream']],
  // RFC 3463 section 3.5: 4.5 is never permanent; daily limits arrive as 550 5.4.5.
  [['4.5'], ['pause-quota', 'quota'], ['pause-quota', 'quota']],
  [['4.6', '4.7'], RETRY, BOUNCE_CONTENT],
  // X.5.y protocol: the dialogue may be out of step
  [
    ['5.0', '5.1', '5.2', '5.4', '5.5', '5.6'],
    ['reconnect-then-retry', 'upstream'],
    ['reconnect-then-bounce', 'upstream'],
  ],
  // X.6.y content
  [['6.0', '6.1', '6.2', '6.3', '6.4', '6.5', '6.6'], RETRY_CONTENT, BOUNCE_CONTENT],
  // RFC 6531 section 4.1: non-ASCII addresses
  [['6.7', '6.8', '6.9', '6.10'], ['retry', 'capability'], BOUNCE_CAPABILITY],
  // X.7.y policy and security
  [['7.0'], RETRY, ['bounce', null]],
  [['7.1'], ['pause-policy', 'upstream'], null],
  [['7.2'], RETRY_RECIPIENT, BOUNCE_RECIPIENT],
  [['7.3', '7.4', '7.5', '7.6', '7.7', '7.15', '7.16'], RETRY_CONTENT, BOUNCE_CONTENT],
  [['7.8', '7.9', '7.11', '7.12'], ['pause', 'credentials'], HOLD_LOGIN],
  [['7.10', '7.14'], RETRY, HOLD_LOGIN],
  [['7.13'], RETRY_RECIPIENT, ['hold-account', 'suspended']],
  [['7.17', '7.18', '7.19'], RETRY_RECIPIENT, BOUNCE_RECIPIENT],
  [
    ['7.20', '7.21', '7.22', '7.23', '7.24', '7.25', '7.26', '7.27', '7.29', '7.30'],
    RETRY_CONTENT,
    BOUNCE_CONTENT,
  ],
  [['7.28'], ['pause-flood', 'throttled'], BOUNCE_CONTENT],
];

const BY_DETAIL: ReadonlyMap<string, readonly [temporary: Cell, permanent: Cell]> = new Map(
  ROWS.flatMap(([details, temporary, permanent]) =>
    details.map((detail) => [detail, [temporary, permanent]] as const),
  ),
);

/**
 * RFC 3463 section 2; the class is the reply code's. Null for a status that is unknown or says
 * nothing.
 */
export function judgeStatus(code: number, detail: StatusDetail | null): Judgement | null {
  if (detail === null) return null;
  return BY_DETAIL.get(detail)?.[code < 500 ? 0 : 1] ?? null;
}
