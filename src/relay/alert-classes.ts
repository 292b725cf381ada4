import { EVENTS } from './event-catalogue.ts';
import type { RelayEvent } from './events.ts';
import type { ReasonClass } from './outcome.ts';

/** One kind of event, or those of it with this outcome or reason. */
export interface AlertSelector {
  readonly is: RelayEvent['is'];
  readonly outcome?: Extract<RelayEvent, { is: 'recipient.settled' }>['outcome'];
  readonly reason?: ReasonClass;
}

/** Names that stand for several events, or for some of one kind. */
export const ALERT_CLASSES = {
  trouble: [
    { is: 'account.held' },
    { is: 'account.paused', reason: 'quota' },
    { is: 'account.misrouted' },
    { is: 'sender.held' },
    { is: 'credential.refused' },
    { is: 'credential.fell-back' },
    { is: 'quota.exhausted' },
    { is: 'failover.used' },
    { is: 'failover.ended' },
    { is: 'certificate.expiring' },
    { is: 'certificate.changed' },
    { is: 'tls.exception-ending' },
    { is: 'relay.stalled' },
    { is: 'relay.moving' },
    { is: 'store.failed' },
    { is: 'disk.low' },
    { is: 'disk.enough' },
    { is: 'queue.row-quarantined' },
    { is: 'config.refused' },
    { is: 'daemon.failed' },
  ],
  'message.failed': [{ is: 'recipient.settled', outcome: 'bounced' }],
  'message.held': [{ is: 'recipient.settled', outcome: 'held' }],
  'message.deferred': [{ is: 'recipient.settled', outcome: 'deferred' }],
} as const satisfies Readonly<Record<string, readonly AlertSelector[]>>;

/** How alerts get on is told by the log and the metrics: an alert about it would cause the next. */
const isAboutAlerts = (name: string): boolean => name.startsWith('alert.');

/** What `events` of a webhook or a command may name. */
export const ALERT_NAMES: readonly string[] = [
  ...Object.keys(ALERT_CLASSES),
  ...Object.keys(EVENTS).filter((name) => !isAboutAlerts(name)),
];

/** What a name stands for; empty when it is not one of `ALERT_NAMES`. */
export function selectorsOf(name: string): readonly AlertSelector[] {
  if (!ALERT_NAMES.includes(name)) return [];
  if (Object.hasOwn(ALERT_CLASSES, name)) return ALERT_CLASSES[name as keyof typeof ALERT_CLASSES];
  return [{ is: name as RelayEvent['is'] }];
}
