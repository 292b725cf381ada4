import type { MessageId } from './message.ts';
import { messageIdFromNumber, messageIdToNumber, messageNumberFirstAt } from './message-id.ts';

/*
 * Message ids as Exim up to 4.96 writes them, `XXXXXX-YYYYYY-ZZ`, for its tools: the first part is
 * the second of acceptance in base 62 (they read ages from it), the next one what our id has beyond
 * the second, the last is not needed. Reversible.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PART_LENGTH = 6;
const IDS_PER_SECOND = messageNumberFirstAt(1_000);
const SHAPE = /^([0-9A-Za-z]{6})-([0-9A-Za-z]{6})-00$/;

export function eximId(id: MessageId): string {
  const value = messageIdToNumber(id) ?? 0;
  return `${base62(Math.floor(value / IDS_PER_SECOND))}-${base62(value % IDS_PER_SECOND)}-00`;
}

/** The id behind what `eximId` wrote; null for anything else. */
export function fromEximId(text: string): MessageId | null {
  const [, seconds, rest] = SHAPE.exec(text) ?? [];
  if (seconds === undefined || rest === undefined) return null;
  const within = fromBase62(rest);
  const value = fromBase62(seconds) * IDS_PER_SECOND + within;
  if (within >= IDS_PER_SECOND || !Number.isSafeInteger(value)) return null;
  return messageIdFromNumber(value);
}

function base62(value: number): string {
  let rest = value;
  let text = '';
  for (let digit = 0; digit < PART_LENGTH; digit++) {
    text = DIGITS[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function fromBase62(text: string): number {
  return [...text].reduce((value, digit) => value * 62 + DIGITS.indexOf(digit), 0);
}
