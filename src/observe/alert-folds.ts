import type { RelayEvent } from '../relay/events.ts';
import type { Instruments } from './metric-instruments.ts';

type Fold<Kind extends RelayEvent['is']> = (event: Extract<RelayEvent, { is: Kind }>) => void;

/** `account` gives the label of an account's name. */
export function alertFolds(m: Instruments, account: (name: string | null) => string) {
  const sent: Fold<'alert.sent'> = ({ destination }) =>
    m.relayd_alerts_sent_total.inc({ destination });
  const failed: Fold<'alert.failed'> = ({ destination, nextAtMs }) => {
    const result = nextAtMs === null ? 'given-up' : 'retried';
    m.relayd_alerts_failed_total.inc({ destination, result });
  };
  const stalled: Fold<'relay.stalled'> = (event) =>
    m.relayd_stalls_total.inc({ account: account(event.account) });
  return {
    'relay.stalled': stalled,
    'relay.moving': null,
    // relayd_quota_used tells it at any time.
    'quota.exhausted': null,
    'disk.low': null,
    'disk.enough': null,
    'alert.sent': sent,
    'alert.failed': failed,
    'alert.not-kept': null,
    'heartbeat.sent': () => m.relayd_heartbeats_total.inc({ result: 'sent' }),
    'heartbeat.failed': () => m.relayd_heartbeats_total.inc({ result: 'failed' }),
    'heartbeat.withheld': null,
    'summary.failed': null,
  };
}

/** Events that wait, by destination; what is alerted on starts at 0. */
export function setAlertsWaiting(m: Instruments, waiting: ReadonlyMap<string, number>): void {
  m.relayd_alerts_waiting_events.reset();
  for (const [destination, events] of waiting) {
    m.relayd_alerts_waiting_events.set({ destination }, events);
    m.relayd_alerts_failed_total.inc({ destination, result: 'given-up' }, 0);
  }
}
