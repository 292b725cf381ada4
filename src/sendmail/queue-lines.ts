import { UNPRINTABLE } from '../lib/printable.ts';
import { eximId } from '../relay/exim-id.ts';
import type { QueueRow } from '../relay/queue.ts';

const minuteMs = 60_000;

/**
 * One message of the queue as `exim -bp` prints it, for people and for tools that read that:
 *
 *     25m  2.9K 1vMKpQ-0cYf00-00 <erp@velosi.example> *** frozen ***
 *             D done@else.example
 *               waiting@else.example
 *
 */
export function queueEntry(
  row: QueueRow,
  { nowMs, undeliveredOnly }: { readonly nowMs: number; readonly undeliveredOnly: boolean },
): string {
  const { message, recipients } = row;
  const frozen = isFrozen(row) ? ' *** frozen ***' : '';
  const head =
    `${age(nowMs - message.acceptedAtMs)} ${size(message.bytes)} ${eximId(message.id)} ` +
    `<${shown(message.envelope.reversePath)}>${frozen}\n`;
  const left = new Set(recipients.map(({ index }) => index));
  const lines = message.envelope.recipients.map(({ forwardPath }, index) => {
    if (undeliveredOnly && !left.has(index)) return '';
    return `        ${left.has(index) ? ' ' : 'D'} ${shown(forwardPath)}\n`;
  });
  return `${head}${lines.join('')}\n`;
}

/** Nothing of it goes without somebody's help. */
export function isFrozen({ recipients }: QueueRow): boolean {
  return recipients.every(({ state }) => state === 'held' || state === 'quarantined');
}

/** Minutes up to an hour and a half, then hours up to three days, then days. */
function age(ageMs: number): string {
  const minutes = Math.max(0, Math.floor(ageMs / minuteMs));
  const hours = Math.floor((minutes + 30) / 60);
  if (minutes <= 90) return `${minutes}m`.padStart(3);
  return (hours <= 72 ? `${hours}h` : `${Math.floor((hours + 12) / 24)}d`).padStart(3);
}

/** Five columns: `  512`, ` 2.9K`, `  29K`. */
function size(bytes: number): string {
  const kib = bytes / 1024;
  const mib = kib / 1024;
  if (bytes < 1024) return String(bytes).padStart(5);
  if (kib < 10) return `${kib.toFixed(1)}K`.padStart(5);
  if (mib < 1) return `${Math.round(kib)}K`.padStart(5);
  return `${mib < 10 ? mib.toFixed(1) : Math.round(mib)}M`.padStart(5);
}

/** Addresses are other people's bytes, and this goes to a terminal. */
export function shown(text: string): string {
  return text.replace(UNPRINTABLE, '?');
}
