import type { Phase, ReasonClass, Verdict } from '../relay/outcome.ts';

const s = 1_000;
const m = 60 * s;

/** Pause lengths per consecutive occurrence; the last repeats. Milliseconds. */
export const WAITS = {
  /** No connection, or none that gets to MAIL. */
  network: [30 * s, 2 * m, 5 * m, 15 * m],
  /** Their trouble: 421, 4.3.x, a refusal before MAIL. */
  upstream: [m, 5 * m, 15 * m],
  /** Asked to come back later for policy. */
  policy: [5 * m, 15 * m],
  /** Too fast; the provider's own advice (Amazon SES). */
  throttle: [5 * s, 10 * s, 30 * s, 20 * m],
  /** Unusual rate, mail flood. */
  flood: [30 * m, 60 * m],
  /** Rolling windows of an hour or a day: probed, not timed. */
  quota: [30 * m, 60 * m],
} as const satisfies Record<string, readonly number[]>;

/**
 * The phases in which a transaction runs; before them a reply is about the account, never about a
 * message.
 */
export function isBeforeMail(phase: Phase): boolean {
  return BEFORE_MAIL.includes(phase);
}
const BEFORE_MAIL: readonly Phase[] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth'];

/** At RCPT a reply is about one recipient, in the other phases about the whole transaction. */
export function scopeOf(phase: Phase): 'recipient' | 'message' {
  return phase === 'rcpt' ? 'recipient' : 'message';
}

/** Tried again or given up, at the scope the phase gives. */
export function settle(phase: Phase, action: 'retry' | 'bounce', reason: ReasonClass): Verdict {
  return { scope: scopeOf(phase), action, reason };
}

export function split(reason: ReasonClass): Verdict {
  return { scope: 'message', action: 'split', reason };
}

export function reconnect(reason: ReasonClass): Verdict {
  return { scope: 'message', action: 'reconnect', reason };
}

export function pause(
  reason: ReasonClass,
  waitsMs: readonly number[],
  hint: string = HINTS[reason] ?? '',
): Verdict & { readonly action: 'pause' } {
  return { scope: 'account', action: 'pause', reason, hint, waitsMs };
}

export function hold(reason: ReasonClass, hint: string = HINTS[reason] ?? ''): Verdict {
  return { scope: 'account', action: 'hold', reason, hint };
}

export function holdSender(hint: string = HINTS.sender ?? ''): Verdict {
  return { scope: 'sender', action: 'hold', reason: 'sender', hint };
}

/**
 * Whether another account may take the mail, now or when a pause lasts. Not what concerns content,
 * recipient or sender: it would be refused there too, and cost a second reputation. Nor what is
 * merely too fast: that passes by itself.
 */
export function mayFailOver(verdict: Verdict): boolean {
  return verdict.scope === 'account' && handsOver(verdict);
}

/** The same of an account that was stopped, or of the verdict that stops it. */
export function handsOver(stopped: {
  readonly reason: string;
  readonly mayFailOver?: boolean;
}): boolean {
  return stopped.mayFailOver ?? stopped.reason !== 'throttled';
}

/** What an operator can do, in plain words. Mail waits and is not bounced in all of these cases. */
const HINTS: Partial<Record<ReasonClass, string>> = {
  credentials:
    'The provider refuses the login. Check username and password (or token) of the account in ' +
    'relay.yaml, reload, then run `relayctl account resume`.',
  suspended:
    "The provider has stopped this account. Sort it out in the provider's console, then run " +
    '`relayctl account resume`.',
  quota:
    "The provider's sending limit is reached. Mail waits and is tried again from time to time; " +
    'nothing needs to be done unless the limit is too small.',
  throttled: 'The provider wants this account to send more slowly; mail waits a little.',
  upstream: 'The provider cannot take mail just now; mail waits and is tried again.',
  network:
    'The upstream server cannot be reached. Check host, port, firewall and DNS if this lasts; ' +
    '`relayctl account test` shows each step.',
  tls:
    "The upstream server's certificate or TLS does not satisfy the account's tls settings. Have " +
    'it mended there, or set ca, pin or a time-boxed exception for the account, then reload.',
  sender:
    'The provider does not let this account send as this sender. Verify the address or domain ' +
    'there and run `relayctl account resume`, or route the sender to another account and reload.',
};
