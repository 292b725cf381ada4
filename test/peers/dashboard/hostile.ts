import type { RelayEvent } from '../../../src/relay/events.ts';
import type { QueueRow } from '../../../src/relay/queue.ts';
import { shopNowMs } from './shop-accounts.ts';
import { message, recipientOf } from './shop-mail.ts';

/** What would like to be markup, a command for a terminal, a new line, or the other way round. */
export const hostile =
  '"><img src=x onerror="globalThis.harmed=1"><script>globalThis.harmed=1</script></td></table>' +
  "'><svg onload=globalThis.harmed=1>&lt;\x1b[31mred\x1b]0;title\x07\r\n<h1>new line</h1>" +
  `\u202egnp.exe\u2066\u200f\u061c\u0000${'W'.repeat(10_000)}`;

/** Waits in the queue with it wherever text comes from outside. */
export function hostileRow(): QueueRow {
  const own = { ageMs: 1_234, client: hostile, from: hostile, to: hostile, bytes: 512 };
  const waits = { lane: hostile, lastText: hostile, lastReason: 'upstream' } as const;
  return {
    message: { ...message(shopNowMs, own), messageIdField: hostile },
    recipients: [recipientOf(shopNowMs, waits)],
  };
}

/** What an upstream said. */
export function hostileEvents(): RelayEvent[] {
  const { id } = hostileRow().message;
  return [
    {
      is: 'message.accepted',
      id,
      client: hostile,
      reversePath: hostile,
      recipients: 1,
      bytes: 512,
      lane: 'shop',
      messageIdField: hostile,
      protocol: 'ESMTPA',
      remote: '127.0.0.1',
      tookMs: 1,
    },
    {
      is: 'recipient.settled',
      id,
      account: 'shop',
      recipient: hostile,
      outcome: 'deferred',
      reason: 'upstream',
      text: hostile,
      authenticatedAs: null,
      peer: hostile,
      tls: null,
      attempts: 1,
      nextAtMs: null,
      waitedMs: 10,
    },
  ];
}
