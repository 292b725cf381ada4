import type { Reply } from '../mail/reply.ts';
import type { MessageId } from '../relay/message.ts';
import type { Phase, ReasonClass, Verdict } from '../relay/outcome.ts';
import type { Refusals } from '../relay/refusals.ts';
import type { ReplyRule } from '../relay/reply-rule.ts';
import { explain } from './classify.ts';
import { anyOf } from './reply-rules.ts';

/*
 * An account can be stopped by words that no rule knows. Then each message would be refused for
 * good and bounce, one after the other. When message after message gets the same words and none is
 * taken, the account is held instead.
 */

/** Different messages refused with the same words, one after the other. */
const inARowMax = 3;
/** The same with others between them. */
const perHourMax = 5;
const hourMs = 3_600_000;
/** More than this is not needed to count either. */
const seenMax = 32;

/** Refusals that name a recipient in words only: without an enhanced status or with a vague one. */
const RECIPIENT_TEXTS = anyOf([
  /(?:no such|unknown|invalid|non-?existent) (?:\w+ )?(?:user|recipient|mailbox|address)/,
  /(?:user|recipient|mailbox|address|account) (?:\S+ )?(?:is )?(?:unknown|not found|unavailable)/,
  /(?:user|recipient|mailbox|address|account) (?:\S+ )?(?:is )?(?:disabled|full)/,
  /(?:user|recipient|mailbox|address|account) (?:\S+ )?does(?: not|n't) exist/,
  /over ?quota/,
]);

/** Too large, or 8-bit content where that is not supported: about this message alone. */
const OBSTACLES: readonly (string | null)[] = ['2.3', '3.4', '6.3'];

/** A permanent refusal, as it came. */
export interface RefusedWith {
  readonly phase: Phase;
  readonly reply: Reply;
  /** What it was judged to be about. */
  readonly reason: ReasonClass;
}

/**
 * Whether a refusal could be about the account, whatever it says: not when it is plainly about one
 * recipient, about size, or about something the upstream does not support.
 */
export function mayConcernAccount(
  { phase, reply, reason }: RefusedWith,
  rules: readonly ReplyRule[] = [],
): boolean {
  if (reason === 'capability' || reply.code === 552) return false;
  if (OBSTACLES.includes(reply.detail)) return false;
  if (phase === 'rcpt' && RECIPIENT_TEXTS.test(reply.text)) return false;
  const seen = { phase, reply, recipients: 1, acceptedRecipients: 1 };
  const [action, about] = explain(seen, rules).judgement;
  // A refusal at RCPT alone says nothing: accounts are stopped there, too.
  if (action === 'bounce-recipient' || about === 'recipient') return false;
  return action !== 'refused-identities';
}

/** The words of a refusal without what differs from message to message. */
export function refusalText({ text }: Reply): string {
  return (
    text
      .toLowerCase()
      .replace(/\b[2-5]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?/g, ' ')
      .replace(/\S+@\S+/g, ' ')
      // Host names, times, numbers and all kinds of ids.
      .replace(/[^\s<>()[\]{}"'=,;]*(?:\w\.\w|\d)[^\s<>()[\]{}"'=,;]*/g, ' ')
      .replace(/[^\p{L}]+/gu, ' ')
      .trim()
  );
}

/**
 * Whether a refusal counts. Notifications have the null reverse-path, which some providers refuse:
 * they prove something only when other mail got the same words.
 */
export function isEvidence(before: Refusals | null, reversePath: string, text: string): boolean {
  return reversePath !== '' || before?.seen.some((one) => one.text === text) === true;
}

export interface Counted {
  readonly refusals: Refusals;
  /** The account is to be held. */
  readonly trips: boolean;
}

/** One more message was refused, with nothing delivered since those in `before`. */
export function onRefusal(
  before: Refusals | null,
  refused: { readonly id: MessageId; readonly text: string; readonly nowMs: number },
  credentialVersion: string,
): Counted {
  const { id, text, nowMs } = refused;
  const known = before?.credentialVersion === credentialVersion ? before.seen : [];
  const again = known.some((one) => one.id === id && one.text === text);
  const seen = again ? known : [...known, { id, text, atMs: nowMs }].slice(-seenMax);
  const others = seen.findLastIndex((one) => one.text !== text);
  const recent = seen.filter((one) => one.text === text && one.atMs > nowMs - hourMs);
  const trips = seen.length - 1 - others >= inARowMax || recent.length >= perHourMax;
  return { refusals: { credentialVersion, seen }, trips };
}

/**
 * Not for another account: nobody knows whether the mail itself is what is refused, and then it
 * would cost a second reputation.
 */
export const CAUGHT: Verdict & { readonly scope: 'account' } = {
  scope: 'account',
  action: 'hold',
  reason: 'refusals',
  hint:
    'The provider refused message after message with the same words and took none. Mail waits ' +
    'instead of bouncing. Find out there what is wrong (the account, the sender domain, or the ' +
    'mail itself), then run `relayctl account resume`. Mail that is itself at fault can be given ' +
    'up with `relayctl queue bounce`.',
  mayFailOver: false,
};
