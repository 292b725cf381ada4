import { cut } from '../lib/printable.ts';
import { formatReply } from '../mail/reply.ts';
import type { Cause } from '../relay/outcome.ts';

/**
 * A cause as one line, as the queue, the log and relayctl show it. A reply stays as the peer gave
 * it.
 */
export function causeText(cause: Cause): string {
  switch (cause.from) {
    case 'peer':
      return formatReply(cause.reply);
    case 'network':
      return `${cause.phase}: ${cause.detail}`;
    case 'us':
      return cause.detail;
  }
}

/** Of a reply as received, for people. */
export function firstLine(reply: string): string {
  return cut((reply.split('\n')[0] ?? '').replace(/[\x00-\x1f\x7f-\x9f]/g, ' '), 500);
}
