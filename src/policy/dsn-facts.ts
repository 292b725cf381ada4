import { unreachable } from '../lib/assert.ts';
import type { DsnAction } from '../mail/dsn-input.ts';
import { parseReply, type Reply, type StatusDetail } from '../mail/reply.ts';
import type { Cause, NetworkFault, OwnReason, Phase } from '../relay/outcome.ts';

/** What a notification says of one recipient besides who it is; fits into DsnRecipient. */
export interface DsnFacts {
  /** `x.y.z` of RFC 3463. */
  readonly status: string;
  readonly explanation: string;
  /** Only what a server really answered. */
  readonly reply: Reply | null;
}

/** RFC 3464 section 2.3.3: what each action makes of the status's class. */
const CLASS: Readonly<Record<DsnAction, number>> = {
  failed: 5,
  delayed: 4,
  relayed: 2,
  delivered: 2,
};

/** RFC 3463 sections 3.5 and 3.8. */
const FAULT_DETAIL: Readonly<Record<NetworkFault, StatusDetail>> = {
  resolve: '4.3',
  refused: '4.1',
  timeout: '4.1',
  reset: '4.2',
  tls: '7.5',
  protocol: '5.0',
  other: '4.0',
};

const OWN: Readonly<Record<OwnReason, readonly [detail: StatusDetail, explanation: string]>> = {
  expired: ['4.7', 'Delivery was tried again and again until the time for it was over.'],
  'no-route': ['4.4', 'The relay has no way out for this message.'],
  cancelled: ['7.0', 'Whoever runs the relay ended the delivery.'],
  suppressed: ['1.1', 'Earlier mail to this address came back, so nothing is sent to it.'],
  'needs-8bitmime': ['6.3', 'The next server does not take 8-bit text.'],
  'needs-smtputf8': ['6.7', 'The next server does not take addresses outside ASCII.'],
  'too-large': ['3.4', 'The message is larger than the next server takes.'],
  interrupted: ['3.0', 'The relay was interrupted during delivery.'],
  quarantined: ['3.0', 'The relay cannot read its own copy of the message any more.'],
};

const REFUSED_AT: Partial<Record<Phase, string>> = {
  mail: 'The sender was refused.',
  rcpt: 'The recipient was refused.',
  data: 'The message was refused.',
  'end-of-data': 'The message was refused.',
};

/**
 * `cause` null: nothing new happened, as for a delay. `lastText` is what the queue remembers of the
 * last attempt (`QueuedRecipient.lastText`); it is shown where the cause itself holds no answer.
 */
export function dsnFacts(
  action: DsnAction,
  cause: Cause | null,
  lastText: string | null = null,
): DsnFacts {
  const remembered = lastText === null ? null : parseReply(lastText);
  const statusClass = CLASS[action];
  if (cause === null) {
    const detail = remembered?.detail ?? '0.0';
    const explanation = remembered === null ? (lastText ?? '') : '';
    return { status: `${statusClass}.${detail}`, explanation, reply: remembered };
  }
  switch (cause.from) {
    case 'peer': {
      const { phase, reply } = cause;
      const explanation = action === 'failed' ? (REFUSED_AT[phase] ?? '') : '';
      return { status: `${statusClass}.${reply.detail ?? '0.0'}`, explanation, reply };
    }
    case 'network': {
      const status = `${statusClass}.${FAULT_DETAIL[cause.fault]}`;
      const what =
        cause.phase === 'end-of-data'
          ? 'The connection was lost after the whole message was sent; it may have arrived or not'
          : 'The next server could not be used';
      return { status, explanation: `${what}: ${cause.detail}`, reply: null };
    }
    case 'us': {
      const [detail, explanation] = OWN[cause.reason];
      const last = lastText === null || remembered !== null ? '' : ` Last: ${lastText}`;
      const status = `${statusClass}.${detail}`;
      return { status, explanation: `${explanation}${last}`, reply: remembered };
    }
    default:
      return unreachable(cause);
  }
}
