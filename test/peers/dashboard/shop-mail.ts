import type { Message } from '../../../src/relay/message.ts';
import { messageIdFromNumber, messageNumberFirstAt } from '../../../src/relay/message-id.ts';
import type { HistoryEntry, QueuedRecipient, QueueRow } from '../../../src/relay/queue.ts';

/** Mail of the invented shop: what waits, and what became of one message that took long. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

interface Waiting {
  readonly ageMs: number;
  readonly client: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly recipient: Partial<QueuedRecipient> & Pick<QueuedRecipient, 'lane'>;
}

const refused = '535 Authentication failed';
const full = '452 4.2.2 The recipient’s mailbox is over its storage limit';
const grey = '450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/reader.example';
const limit = '550 5.4.5 Daily user sending limit exceeded';

const stuck = (to: string, ageMs: number): Waiting => ({
  ageMs,
  client: 'newsletter',
  from: 'news@news.velosi.example',
  to,
  bytes: 48_210,
  recipient: { lane: 'newsletter', lastText: refused, lastReason: 'credentials' },
});

const waiting: readonly Waiting[] = [
  {
    ageMs: 95 * minute + 203,
    client: 'nextcloud',
    from: 'cloud@velosi.example',
    to: 'archive@partner.example',
    bytes: 1_841_000,
    recipient: { lane: 'office', attempts: 4, lastText: full, lastReason: 'upstream' },
  },
  stuck('ada.lovelace@reader.example', 52 * minute + 418),
  stuck('grace@compilers.example', 52 * minute + 377),
  stuck('hedy.lamarr@spread.example', 51 * minute),
  {
    ageMs: 41 * minute + 711,
    client: 'wordpress',
    from: 'info@velosi.example',
    to: 'katherine@orbit.example',
    bytes: 6_120,
    recipient: { lane: 'info', lastText: limit, lastReason: 'quota' },
  },
  {
    ageMs: 11 * minute + 93,
    client: 'webshop',
    from: 'orders@shop.velosi.example',
    to: 'margaret@reader.example',
    bytes: 22_400,
    recipient: { lane: 'shop', attempts: 2, lastText: grey, lastReason: 'upstream' },
  },
  {
    ageMs: 7 * minute + 559,
    client: 'erp',
    from: 'invoices@billing.velosi.example',
    to: 'ap@industries.example',
    bytes: 184_300,
    recipient: {
      lane: 'billing',
      attempts: 1,
      lastText: 'connect to smtp.eu.mailgun.org:587: timeout',
      lastReason: 'network',
    },
  },
  {
    ageMs: 900,
    client: 'webshop',
    from: 'orders@shop.velosi.example',
    to: 'joan@clarke.example',
    bytes: 21_770,
    recipient: { lane: 'shop', state: 'leased' },
  },
];

export function message(
  nowMs: number,
  { ageMs, client, from, to, bytes }: Omit<Waiting, 'recipient'>,
): Message {
  const id = messageIdFromNumber(
    messageNumberFirstAt(nowMs - ageMs) + ((to.length * 90_019) % 4_096),
  );
  return {
    id,
    client,
    envelope: {
      reversePath: from,
      recipients: [{ forwardPath: to, notify: null, orcpt: null }],
      body: '8BITMIME',
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from,
    messageIdField: `<${id}@${client}.velosi.example>`,
    boundAccount: null,
    routeSender: null,
    routeHeaders: {},
    acceptedAtMs: nowMs - ageMs,
    expiresAtMs: nowMs - ageMs + 48 * hour,
    bytes,
    eightBit: false,
    headerUtf8: false,
  };
}

export function recipientOf(nowMs: number, own: Waiting['recipient']): QueuedRecipient {
  return {
    index: 0,
    state: 'waiting',
    attempts: 0,
    dueAtMs: nowMs + 4 * minute,
    delayWarned: false,
    lastText: null,
    lastReason: null,
    ...own,
  };
}

/** Oldest first. */
export function queued(nowMs: number): QueueRow[] {
  return waiting.map((one) => {
    return { message: message(nowMs, one), recipients: [recipientOf(nowMs, one.recipient)] };
  });
}

/** Greylisted twice, delivered at the third try. */
export function delivered(nowMs: number): HistoryEntry {
  const acceptedAtMs = nowMs - 3 * hour;
  const attempt = (afterMs: number, tookMs: number) => ({
    account: 'shop',
    authenticatedAs: 'AKIAXXXXXXXXXXXXXX',
    startedAtMs: acceptedAtMs + afterMs,
    tookMs,
    tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    peer: 'email-smtp.eu-west-3.amazonaws.com:587',
  });
  const later = { index: 0, outcome: 'deferred' as const, text: grey };
  const text = '250 Ok 0102019284c1f7aa-4c8a2d1e-000000';
  return {
    message: message(nowMs, {
      ageMs: 3 * hour,
      client: 'webshop',
      from: 'orders@shop.velosi.example',
      to: 'dorothy@hodgkin.example',
      bytes: 22_910,
    }),
    settledAtMs: acceptedAtMs + 17 * minute,
    recipients: [
      { index: 0, outcome: 'delivered', reason: 'ok', text, atMs: acceptedAtMs + 17 * minute },
    ],
    attempts: [
      { ...attempt(400, 310), results: [later], phase: 'rcpt' },
      { ...attempt(5 * minute, 290), results: [later], phase: 'rcpt' },
      {
        ...attempt(17 * minute, 420),
        results: [
          { index: 0, outcome: 'delivered', text, providerId: '0102019284c1f7aa-4c8a2d1e-000000' },
        ],
      },
    ],
    dialogues: [
      {
        account: 'shop',
        startedAtMs: acceptedAtMs + 5 * minute,
        lines: [
          '> MAIL FROM:<orders@shop.velosi.example> SIZE=22910',
          '< 250 Ok',
          '> RCPT TO:<dorothy@hodgkin.example>',
          `< ${grey}`,
        ],
      },
    ],
  };
}
