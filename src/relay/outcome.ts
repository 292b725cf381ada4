import type { Reply } from '../mail/reply.ts';

/** Where in an upstream session a reply or a failure belongs. */
export type Phase =
  | 'connect'
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'end-of-data'
  | 'quit';

/**
 * Why an attempt (or the relay itself) did not deliver. Closed: reason classes, DSNs and metrics
 * switch over it.
 */
export type Cause =
  | { readonly from: 'peer'; readonly phase: Phase; readonly reply: Reply }
  | {
      readonly from: 'network';
      readonly phase: Phase;
      readonly fault: NetworkFault;
      readonly detail: string;
    }
  | { readonly from: 'us'; readonly reason: OwnReason; readonly detail: string };

export type NetworkFault =
  | 'resolve'
  | 'refused'
  | 'timeout'
  | 'reset'
  | 'tls'
  | 'protocol'
  | 'other';

export type OwnReason =
  | 'expired' // lifetime over
  | 'no-route' // the configuration in force has no account for it
  | 'cancelled' // an operator bounced or removed it
  | 'suppressed' // its address is on the suppression list
  | 'needs-8bitmime' // RFC 6152: upstream does not offer it
  | 'needs-smtputf8' // RFC 6531: upstream does not offer it
  | 'too-large' // larger than the upstream's SIZE
  | 'interrupted' // the relay stopped or crashed while the attempt ran
  | 'quarantined'; // the stored row cannot be read

/** The end of one attempt for one recipient. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly reply: Reply }
  // The schedule decides when, or that it is too late.
  | { readonly kind: 'deferred'; readonly cause: Cause }
  // The final dot was sent and no reply came (RFC 1047).
  | { readonly kind: 'in-doubt'; readonly cause: Cause }
  // The reverse-path is told, unless it is null.
  | { readonly kind: 'bounced'; readonly cause: Cause };

/** Bounded vocabulary for metrics labels, the log's `reason` and `queue stats`. */
export const REASON_CLASSES = [
  'ok',
  'recipient', // this recipient is refused or unknown
  'content', // message refused for content, size or policy
  'sender', // account may not send as this sender
  'credentials', // 535 and relatives
  'quota', // provider's limits
  'suspended', // account disabled at the provider
  'refusals', // one and the same for message after message: the safety net
  'throttled',
  'upstream', // their 4xx or outage
  'network', // DNS, connect, reset, timeout
  'tls',
  'in-doubt',
  'expired',
  'capability', // 8BITMIME, SMTPUTF8, SIZE not offered
  'no-route',
  'suppressed', // on the suppression list
  'operator',
  'internal',
] as const;
export type ReasonClass = (typeof REASON_CLASSES)[number];

/**
 * What a reply means for whom (providers.md section 0). Account verdicts never bounce and use up no
 * message attempt.
 */
export type Verdict =
  | {
      readonly scope: 'recipient' | 'message';
      readonly action: 'retry' | 'bounce';
      readonly reason: ReasonClass;
    }
  | { readonly scope: 'message'; readonly action: 'split'; readonly reason: ReasonClass }
  | { readonly scope: 'message'; readonly action: 'reconnect'; readonly reason: ReasonClass }
  | {
      readonly scope: 'sender';
      readonly action: 'hold';
      readonly reason: ReasonClass;
      readonly hint: string;
    }
  | {
      readonly scope: 'account';
      readonly action: 'hold';
      readonly reason: ReasonClass;
      readonly hint: string;
      /** Whether another account may try; absent: as `mayFailOver` in policy/verdicts says. */
      readonly mayFailOver?: boolean;
    }
  | {
      readonly scope: 'account';
      readonly action: 'pause';
      readonly reason: ReasonClass;
      readonly hint: string;
      /** Pause length per consecutive occurrence; the last repeats. Milliseconds. */
      readonly waitsMs: readonly number[];
      /** The end as the provider named it; goes before `waitsMs` while it lies ahead. */
      readonly until?: PauseEnd;
      readonly mayFailOver?: boolean;
      /** What the account does with less of, before anything is paused. */
      readonly slower?: Slower;
    };

/** What an upstream can have too much of: messages per second, or connections at once. */
export type Slower = 'rate' | 'connections';

/** When a provider wants to be asked again. Milliseconds, of the epoch or from now. */
export type PauseEnd =
  | { readonly is: 'at'; readonly ms: number }
  | { readonly is: 'after'; readonly ms: number }
  | { readonly is: 'next-hour' };
