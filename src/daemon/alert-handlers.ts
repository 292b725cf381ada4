import type { Alerts } from '../alerts/alerts.ts';
import { shownUrl } from '../config/describe-alerts.ts';
import { didYouMean } from '../config/wanted.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import type { AlertDestination } from '../relay/alert.ts';
import type { Settings } from '../relay/settings.ts';

interface Parts {
  readonly settings: () => Settings;
  readonly alerts: Pick<Alerts, 'states' | 'test'>;
}

/** What relayctl may ask about alerts. */
export function alertHandlers({
  settings,
  alerts,
}: Parts): Pick<ControlHandlers, 'alert.list' | 'alert.test'> {
  return {
    'alert.list': async () => {
      const { destinations, heartbeat, summary } = settings().notifications.alerts;
      const states = alerts.states();
      const none = { waiting: 0, nextAtMs: null, lost: 0, last: null };
      return {
        destinations: destinations.map((one) => {
          const { name, events } = one;
          return { name, address: addressOf(one), events, ...(states.get(name) ?? none) };
        }),
        heartbeat:
          heartbeat === null ? null : { url: shownUrl(heartbeat.url), everyMs: heartbeat.everyMs },
        summary:
          summary === null ? null : { to: summary.to, atMs: summary.atMs, zone: summary.zone },
      };
    },

    'alert.test': async ({ to }) => {
      const names = settings().notifications.alerts.destinations.map(({ name }) => name);
      if (to !== null && !names.includes(to)) {
        const there = names.length === 0 ? '; there are none' : `; there is: ${names.join(', ')}`;
        const text = `no webhook or command ${to}${didYouMean(to, names) || there}`;
        throw new ControlError('not-found', text);
      }
      const outcomes = await alerts.test(to);
      const results = [...outcomes].map(([name, { is, detail }]) => {
        return { name, ok: is === 'told', detail };
      });
      return { results };
    },
  };
}

function addressOf(one: AlertDestination): string {
  return one.is === 'webhook' ? shownUrl(one.url) : (one.run[0] ?? '');
}
