import type { AlertCount, AlertDigest, AlertEntry, WaitingAlert } from '../relay/alert.ts';
import { totalOf } from './alert-digest.ts';

/** What a webhook is posted and a command reads: raised when an older reader would misread it. */
const PAYLOAD_VERSION = 1;

/** One alert as JSON. */
export interface AlertPayload extends AlertDigest {
  readonly version: number;
  /** The same when it comes again. */
  readonly id: string;
  readonly atMs: number;
  /** `hostname` of the relay. */
  readonly relay: string;
  /** A sentence for people: what chat services show. */
  readonly text: string;
  /** Counted and not among `events`. */
  readonly suppressed: number;
  /** Events of earlier alerts that were given up. */
  readonly lost: number;
}

export function payloadOf(
  { id, atMs, events, counts }: Pick<WaitingAlert, 'id' | 'atMs' | keyof AlertDigest>,
  { relay, lost }: { readonly relay: string; readonly lost: number },
): AlertPayload {
  const digest = { events, counts };
  const suppressed = totalOf(digest) - events.length;
  const text = textOf(relay, digest, lost);
  return { version: PAYLOAD_VERSION, id, atMs, relay, text, ...digest, suppressed, lost };
}

const linesMax = 10;

/** One line for one event, else one for each thing that happened. */
function textOf(relay: string, { events, counts }: AlertDigest, lost: number): string {
  const lines = counts.slice(0, linesMax).map((one) => lineOf(one, events));
  const more = counts.length - lines.length;
  if (more > 0) lines.push(`and ${more} more kinds of events`);
  if (lost > 0) lines.push(`${lost} earlier event${lost === 1 ? '' : 's'} could not be told`);
  return lines.length === 1 ? `${relay}: ${lines[0]}` : `${relay}:\n${lines.join('\n')}`;
}

function lineOf(one: AlertCount, events: readonly AlertEntry[]): string {
  const { event, account, reason, count } = one;
  const sample = events.find(
    (entry) => entry.event === event && (entry.account ?? null) === account,
  );
  const head = [event, account, reason === null ? null : `(${reason})`];
  const times = count === 1 ? '' : ` ${count} times`;
  const said = [sample?.detail ?? sample?.text, sample?.hint].filter(
    (text) => typeof text === 'string' && text !== '',
  );
  const rest = said.length === 0 ? '' : `: ${said.join(' ')}`;
  return plain(`${head.filter((part) => part !== null).join(' ')}${times}${rest}`);
}

/** Replies come from strangers: nothing in them may move a cursor or turn the text around. */
function plain(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu, ' ');
}

/** What the signature covers: the second it was made at, and the body to the byte. */
export function signedText(unixSeconds: number, body: string): string {
  return `${unixSeconds}.${body}`;
}

/** So long a webhook may ask to be left alone. */
const retryAfterMsMax = 3_600_000;

/** The field Retry-After, seconds or a date (RFC 9110 section 10.2.3); 0: it says nothing usable. */
export function retryAfterMs(field: string | null, nowMs: number): number {
  const text = field?.trim() ?? '';
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, retryAfterMsMax) : 0;
}

/** Whether a webhook's answer means that it was told (RFC 9110 section 15). */
export function verdictOn(status: number): 'told' | 'retry' | 'refused' {
  if (status >= 200 && status < 300) return 'told';
  const passing = [408, 425, 429].includes(status);
  return status >= 400 && status < 500 && !passing ? 'refused' : 'retry';
}
