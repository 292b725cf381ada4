import { InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { fromEximId } from '../relay/exim-id.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';

/** For commander: one id of the queue, also as the Exim log writes it. */
export function readMessageId(text: string): MessageId {
  const id = fromEximId(text);
  if (id !== null) return id;
  if (messageIdToNumber(text) === null) {
    throw new InvalidArgumentError('A message id has 11 letters and digits, as queue list shows.');
  }
  return text.toLowerCase() as MessageId;
}

/** For commander: any number of ids. */
export function readMessageIds(text: string, previous: readonly MessageId[] = []): MessageId[] {
  return [...previous, readMessageId(text)];
}

/** For commander: a duration in milliseconds. */
export function readDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    throw new InvalidArgumentError(
      `A duration is written like ${formatDuration(5_400_000)} or 3d.`,
    );
  }
  return durationMs;
}

/** For commander: how long something is to last. */
export function readSpan(text: string): number {
  const durationMs = readDuration(text);
  if (durationMs === 0) throw new InvalidArgumentError('It must be longer than nothing.');
  return durationMs;
}

/** For commander: a number from 1 to `max`. */
export function readCount(max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > max) {
      throw new InvalidArgumentError(`It must be a number from 1 to ${max}.`);
    }
    return value;
  };
}

/** For commander: a variable of a script that is empty must not choose what nobody meant. */
export function readText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** For commander: some of the known words, with commas or by repeating the option. */
export function readWords<Word extends string>(
  known: readonly Word[],
  noun: string,
): (text: string, previous?: readonly Word[]) => Word[] {
  return (text, previous = []) => {
    const words = wordsIn(text, known);
    if (words !== null) return [...previous, ...words];
    throw new InvalidArgumentError(`The ${noun}s are ${known.join(', ')}.`);
  };
}

/** For commander: what rows are made by; keys with commas. */
export function readKeys<Key extends string>(known: readonly Key[]): (text: string) => Key[] {
  return (text) => {
    const keys = wordsIn(text, known);
    if (keys !== null && new Set(keys).size === keys.length) return keys;
    throw new InvalidArgumentError(`The keys are ${known.join(', ')}, each at most once.`);
  };
}

/** Null when one of them is not known. */
function wordsIn<Word extends string>(text: string, known: readonly Word[]): Word[] | null {
  const words = text.split(',');
  const found = words.flatMap((word) => known.find((one) => one === word) ?? []);
  return found.length === words.length ? found : null;
}
