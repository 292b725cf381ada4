import type { Phase } from '../relay/outcome.ts';
import type { Judgement, ReplyRule } from '../relay/reply-rule.ts';
import type { Seen } from './seen.ts';

const AFTER_MAIL_BEGAN: readonly Phase[] = ['mail', 'rcpt', 'data', 'end-of-data'];
const QUOTA: Judgement = ['pause-quota', 'quota'];
const SUSPENDED: Judgement = ['hold-account', 'suspended'];
const NOT_LOGGED_IN: Judgement = ['hold-account', 'credentials'];

/** One expression for many phrases, letter case aside. */
export function anyOf(phrases: readonly RegExp[]): RegExp {
  return new RegExp(phrases.map(({ source }) => source).join('|'), 'i');
}

/** The provider's sending limits, whatever code and phase they come with. */
const QUOTA_TEXTS = anyOf([
  /daily (?:user |smtp relay )?(?:\(?sending\)? )?(?:limit|quota)/,
  /daily message quota/,
  /sending quota exceeded/,
  /submission ?quota ?exceeded/,
  /reached your daily limit/,
  /exceeded (?:its|your) (?:24-hour|daily) sending limit/,
  /exceeded the max (?:emails|defers and failures) per hour/,
  /maximum credits exceeded/,
  /recipient limit exceeded/,
  /exceed(?:ed)? sending limit/,
  /limit of \d+ rcpts per/,
  /rate overlimit/,
  /sender is throttled/,
  /too many messages from sender/,
  // The hourly limit of GoDaddy.
  /\bIB(?:504|607)\b/,
]);

/** The account as a whole is stopped at the provider. */
const ACCOUNT_TEXTS = anyOf([
  /sending paused for this account/,
  /account is paused/,
  /not allowed to send: (?:account|free)/,
  /unauthorized ip/,
  /bad outbound sender/,
  /sender address blocked/,
  /email outgoing blocked/,
  /tenant has exceeded threshold/,
  /traffic not accepted from this ip/,
  /not subscribed to ses/,
  /banned sender/,
]);

/** At RCPT these words describe the recipient's account. */
const DISABLED_TEXTS =
  /account (?:is )?(?:disabled|suspended|not yet activated|terminated|blocked)/i;

/** The account works, but not with a password. */
const NO_PASSWORD_TEXTS =
  /basic authentication is (?:not supported|disabled)|smtpclientauthentication is disabled/i;
const NO_PASSWORD: Judgement = [
  'hold-account',
  'credentials',
  'The provider does not take a password from this account any more. Switch the account to ' +
    '`auth: xoauth2`, or let an administrator enable SMTP AUTH for the mailbox, then run ' +
    '`relayctl account resume`.',
];

/** The account may send, but not as this sender. */
const SENDER_TEXTS = anyOf([
  /email address is not verified/,
  /sendasdenied/,
  /does not have permissions to send as/,
  /verified sender identity/,
  /relaying disallowed as/,
  /unconfigured sending domain/,
  /not one of your addresses/,
  /not authori[sz]ed to send from/,
  /not owned by user/,
  /mail from domain (?:is )?not verified/,
  /domain is not verified/,
  /not associated with your account/,
  /sender verify failed/,
]);

const TOO_MANY_CONNECTIONS_TEXTS = anyOf([
  /too many (?:concurrent |simultaneous )?(?:smtp )?connections/,
  /concurrent connections limit/,
  /sender thread limit/,
]);

const TOO_FAST_TEXTS = anyOf([
  /sending rate exceeded/,
  /submission rate for this client has exceeded/,
  /exceeded the message limit per account/,
]);

/** Not the name of some host `relay.example.org`. */
const RELAY_WORD = /(?<![\w.-])relay(?:ing|ed)?(?![\w-]|\.\w)/i;
const RELAY_DENIED = /relay(?:ing)? (?:access )?(?:denied|not permitted)|credentials for relay/i;

/**
 * Read before anything else: scope by text, because codes and phases of these replies say anything
 * at all.
 */
export const TEXT_RULES: readonly ReplyRule[] = [
  // RFC 3463 section 3.6: too many recipients, even where the text calls it a limit exceeded.
  { phases: AFTER_MAIL_BEGAN, details: ['5.3'], judgement: ['split', null] },
  { text: QUOTA_TEXTS, judgement: QUOTA },
  { text: NO_PASSWORD_TEXTS, judgement: NO_PASSWORD },
  { text: ACCOUNT_TEXTS, judgement: SUSPENDED },
  {
    phases: ['greeting', 'ehlo', 'starttls', 'auth', 'mail', 'data', 'end-of-data'],
    text: DISABLED_TEXTS,
    judgement: SUSPENDED,
  },
  { phases: AFTER_MAIL_BEGAN, text: SENDER_TEXTS, judgement: ['hold-sender', 'sender'] },
  {
    codes: [4],
    text: TOO_MANY_CONNECTIONS_TEXTS,
    judgement: ['fewer-connections', 'throttled'],
  },
  { codes: [4], text: TOO_FAST_TEXTS, judgement: ['throttle', 'throttled'] },
  // GoDaddy: too many sessions, with any code.
  { text: /\bIB007\b/, judgement: ['throttle', 'throttled'] },
];

/**
 * Once MAIL began: what comes before the tables of statuses and codes, because they alone would
 * mislead.
 */
export const TRANSACTION_RULES: readonly ReplyRule[] = [
  // RFC 5321 section 3.8: the server is closing down; nothing is known of unanswered recipients.
  { codes: [421], judgement: ['reconnect-then-pause', 'upstream'] },
  // RFC 4954 section 6: the session is not, or not well enough, authenticated.
  { codes: [530, 534, 535, 538], judgement: NOT_LOGGED_IN },
  { codes: [432, 454], judgement: ['throttle', 'throttled'] },
  // A bad sequence of commands is about this session, whatever status came with it.
  { codes: [503], judgement: ['reconnect-then-bounce', 'upstream'] },
  {
    phases: ['mail', 'rcpt'],
    codes: [5],
    details: [null, '7.0', '7.1'],
    text: RELAY_WORD,
    judgement: NOT_LOGGED_IN,
  },
  {
    phases: AFTER_MAIL_BEGAN,
    codes: [5],
    details: [null, '7.0', '7.1'],
    text: RELAY_DENIED,
    judgement: NOT_LOGGED_IN,
  },
  {
    phases: ['mail', 'rcpt'],
    codes: [5],
    details: [null, '7.0'],
    text: /authenticat/i,
    judgement: NOT_LOGGED_IN,
  },
  // Microsoft: the *sender's* mailbox is full, and then it may not send.
  {
    codes: [5],
    details: ['2.2'],
    text: /submission/i,
    judgement: [
      'hold-account',
      'quota',
      'The mailbox of this account is full, and the provider lets a full mailbox send nothing. ' +
        'Make room there, then run `relayctl account resume`.',
    ],
  },
  // Policy daemons at hosters; a mailbox over quota has 2.2.
  { phases: ['rcpt'], codes: [5], details: ['7.1'], text: /quota exceeded/i, judgement: QUOTA },
  // Greylisting concerns one recipient, not the account.
  {
    phases: ['rcpt'],
    codes: [4],
    details: ['7.1'],
    text: /gr[ae]y-?list/i,
    judgement: ['retry', 'recipient'],
  },
  { phases: ['rcpt'], codes: [5], details: ['7.13'], judgement: ['bounce-recipient', 'recipient'] },
  // RFC 5321 section 4.5.3.1.10: 552 was the old code for too many recipients.
  {
    phases: ['rcpt'],
    codes: [552],
    details: [null],
    text: /too many/i,
    judgement: ['split', 'recipient'],
  },
];

/** The first rule that matches; null when none does. */
export function firstMatch(rules: readonly ReplyRule[], seen: Seen): ReplyRule | null {
  const { phase, reply } = seen;
  const rule = rules.find(
    ({ phases, codes, details, text }) =>
      (phases?.includes(phase) ?? true) &&
      (codes?.some((code) => code === reply.code || code === Math.trunc(reply.code / 100)) ??
        true) &&
      (details?.includes(reply.detail) ?? true) &&
      (text?.test(reply.text) ?? true),
  );
  return rule ?? null;
}
