import type { Message, MessageId } from '../../src/relay/message.ts';
import { messageIdFromNumber } from '../../src/relay/message-id.ts';
import type {
  AttemptRecord,
  Disposition,
  Lease,
  NewMessage,
  RecipientSettlement,
} from '../../src/relay/queue.ts';

export const T0 = 1_795_000_000_000;
export const dayMs = 86_400_000;

export const idAt = (atMs: number, sequence = 0): MessageId =>
  messageIdFromNumber(atMs * 4096 + sequence);

export const owner = (run: string, boot = 'boot-1') => ({ boot, run });
export const leaseOf = (run = 'run-1', boot = 'boot-1'): Lease => ({
  owner: owner(run, boot),
  untilMs: T0 + dayMs,
});

export interface MessageOptions {
  readonly sequence?: number;
  readonly to?: readonly string[];
  readonly from?: string;
  readonly client?: string;
  readonly lane?: string | null;
  readonly acceptedAtMs?: number;
  readonly expiresAtMs?: number;
  readonly body?: Buffer;
}

let drawn = 0;

/** A message with an id of its own; `start` decides how it enters the queue. */
export function newMessage(start: NewMessage['start'], options: MessageOptions = {}): NewMessage {
  drawn += 1;
  const acceptedAtMs = options.acceptedAtMs ?? T0;
  const bytes = options.body ?? Buffer.from('Subject: hello\r\n\r\nhi\r\n');
  const message: Message = {
    id: idAt(acceptedAtMs, options.sequence ?? drawn),
    client: options.client ?? 'velosi',
    envelope: {
      reversePath: options.from ?? 'erp@velosi.example',
      recipients: (options.to ?? ['you@example.net']).map((forwardPath) => ({
        forwardPath,
        notify: null,
        orcpt: null,
      })),
      body: null,
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from: 'erp@velosi.example',
    messageIdField: '<1@velosi.example>',
    boundAccount: null,
    routeSender: null,
    routeHeaders: {},
    acceptedAtMs,
    expiresAtMs: options.expiresAtMs ?? acceptedAtMs + 5 * dayMs,
    bytes: bytes.length,
    eightBit: false,
    headerUtf8: false,
  };
  const lane = options.lane === undefined ? 'gmail' : options.lane;
  return { message, body: { in: 'memory', bytes }, lane, start };
}

export const leased = (options?: MessageOptions, run = 'run-1'): NewMessage =>
  newMessage({ is: 'leased', lease: leaseOf(run) }, options);
export const waiting = (dueAtMs = T0, options?: MessageOptions): NewMessage =>
  newMessage({ is: 'waiting', dueAtMs }, options);
export const held = (reason = 'route', options?: MessageOptions): NewMessage =>
  newMessage({ is: 'held', reason }, options);

export const delivered: Disposition = { is: 'settled', outcome: 'delivered' };

export const becomes = (index: number, next: Disposition, text = '250 2.0.0 Ok') =>
  ({ index, becomes: next, reason: 'ok', text }) as const satisfies RecipientSettlement;

export const attempt = (text = '250 2.0.0 Ok'): AttemptRecord => ({
  account: 'gmail',
  authenticatedAs: 'erp@velosi.example',
  startedAtMs: T0,
  tookMs: 12,
  tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
  peer: 'smtp.gmail.example:587',
  results: [{ index: 0, outcome: 'delivered', text }],
});
