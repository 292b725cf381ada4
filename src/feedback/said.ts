import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FeedbackItem, FeedbackRefusal } from '../relay/feedback.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';

/** A post as it came. */
export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly nowMs: number;
}

/** What a post turned out to be. */
export type Said =
  | { readonly is: 'refused'; readonly why: FeedbackRefusal; readonly detail: string }
  | {
      readonly is: 'items';
      /** Of the post as a whole; null: its provider gives it none. */
      readonly key: string | null;
      readonly items: readonly FeedbackItem[];
    }
  /** A subscription that is to be confirmed with a GET of this URL. */
  | { readonly is: 'subscription'; readonly topic: string; readonly url: string };

export function refused(why: FeedbackRefusal, detail: string): Extract<Said, { is: 'refused' }> {
  return { is: 'refused', why, detail };
}

/**
 * Providers repeat a post for up to a day when we do not answer; what is signed for another time is
 * not believed. The clocks of two machines never agree quite.
 */
const ageMsMax = 25 * 3_600_000;
const aheadMsMax = 10 * 60_000;
/** A key outlives every post that it could be in. */
export const keysMs = ageMsMax + aheadMsMax + 3_600_000;

export function isStale(signedAtMs: number, nowMs: number): boolean {
  return !(signedAtMs > nowMs - ageMsMax && signedAtMs < nowMs + aheadMsMax);
}

/** A JSON text's object; null when it is none. */
export function parseObject(text: string): Fields | null {
  return asObject(parse(text));
}

/** Undefined when it is no JSON: that is expected of what strangers send. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/*
 * What a provider writes is looked at field by field: one that is missing or of another type is
 * read as empty, because providers add and change fields without asking.
 */

export function asObject(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

export function fieldsAt(fields: Fields | null, key: string): Fields | null {
  return asObject(fields?.[key]);
}

export function listAt(fields: Fields | null, key: string): readonly unknown[] {
  const value = fields?.[key];
  return Array.isArray(value) ? value.slice(0, itemsMax) : [];
}

export function textAt(fields: Fields | null, key: string): string {
  const value = fields?.[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Items of one post, more than any provider sends. */
export const itemsMax = 5_000;
const lineCharactersMax = 500;
const idCharactersMax = 300;

/** One line without anything that could move a cursor; '' when there is nothing. */
export function oneLine(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join(' ');
  return text
    .replace(/[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, lineCharactersMax);
}

/** An id as it is compared; null when it is none. */
export function idIn(text: string): string | null {
  return text === '' || text.length > idCharactersMax || /[\s\p{Cc}]/u.test(text) ? null : text;
}

/** `a@b` or `Name <a@b>`; null when it is none. */
export function addressIn(text: string): string | null {
  const address = /<([^<>\s]+)>\s*$/.exec(text)?.[1] ?? text.trim();
  return /^[^\s<>\p{Cc}]{1,128}@[^\s<>@\p{Cc}]{1,255}$/u.test(address) ? address : null;
}

export function ownIdIn(text: string): MessageId | null {
  return messageIdToNumber(text) === null ? null : (text.toLowerCase() as MessageId);
}

/** An ISO date or seconds since 1970; `otherwise` when it is neither. */
export function instantIn(text: string, otherwise: number): number {
  const seconds = /^\d{9,11}(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : Number.NaN;
  const atMs = Math.round(Number.isNaN(seconds) ? Date.parse(text) : seconds);
  return Number.isSafeInteger(atMs) && atMs > 0 ? atMs : otherwise;
}

/** What the same thing is known by whenever it comes. */
export function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Compares digests, so that neither length nor beginning shows in the time taken. */
export function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
