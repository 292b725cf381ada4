import { assert } from '../lib/assert.ts';
import type { MessageId } from './message.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 11;
/** By character code; upper case is read too. */
const DIGITS = new Map(
  [...ALPHABET].flatMap((letter, digit) => [
    [letter.charCodeAt(0), digit],
    [letter.toUpperCase().charCodeAt(0), digit],
  ]),
);
const SEQUENCES_PER_MS = 4096;

/** 53 bits: 41 of milliseconds since 1970 and 12 of sequence, as a safe integer. */
export function messageIdFromNumber(value: number): MessageId {
  assert(Number.isSafeInteger(value) && value >= 0, `message id out of range: ${value}`);
  let rest = value;
  let text = '';
  for (let digit = 0; digit < LENGTH; digit++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text as MessageId;
}

/** The integer behind an id; null when the text is not an id. */
export function messageIdToNumber(id: string): number | null {
  if (id.length !== LENGTH) return null;
  let value = 0;
  for (let at = 0; at < LENGTH; at++) {
    const digit = DIGITS.get(id.charCodeAt(at));
    if (digit === undefined) return null;
    value = value * 32 + digit;
  }
  return Number.isSafeInteger(value) ? value : null;
}

/** The lowest id that a message accepted at this instant, or later, can have. */
export function messageIdFirstAt(atMs: number): MessageId {
  return messageIdFromNumber(messageNumberFirstAt(atMs));
}

/** The same as the integer behind it. */
export function messageNumberFirstAt(atMs: number): number {
  return Math.max(0, atMs) * SEQUENCES_PER_MS;
}

/**
 * Ids that only grow, also when the clock goes back or more than 4096 are drawn in a millisecond.
 * `lastUsed` is the highest id the store has ever held, so a restart with a wrong clock repeats
 * none.
 */
export function messageIdSource(nowMs: () => number, lastUsed: number): () => MessageId {
  let last = lastUsed;
  return () => {
    last = Math.max(last + 1, nowMs() * SEQUENCES_PER_MS);
    return messageIdFromNumber(last);
  };
}
