import { formatDuration } from '../lib/duration.ts';
import type { Secret } from '../lib/secret.ts';
import type { AlertDestination, AlertSettings } from '../relay/alert.ts';

/** The part of `notifications:` that is about alerts, in the words of relay.yaml. */
export function describeAlerts(alerts: AlertSettings): Readonly<Record<string, unknown>> {
  const { destinations, heartbeat, summary } = alerts;
  const webhooks = destinations.filter((one) => one.is === 'webhook').map(describeDestination);
  const commands = destinations.filter((one) => one.is === 'command').map(describeDestination);
  return {
    digest: formatDuration(alerts.digestMs),
    stalled_after: formatDuration(alerts.stalledAfterMs),
    ...(webhooks.length === 0 ? {} : { webhooks }),
    ...(commands.length === 0 ? {} : { commands }),
    ...(heartbeat === null
      ? {}
      : {
          heartbeat: { url: shownUrl(heartbeat.url), every: formatDuration(heartbeat.everyMs) },
        }),
    ...(summary === null
      ? {}
      : {
          summary: {
            to: summary.to,
            ...(summary.from === null ? {} : { from: summary.from }),
            at: formatTimeOfDay(summary.atMs),
            zone: summary.zone,
          },
        }),
  };
}

function describeDestination(one: AlertDestination): Readonly<Record<string, unknown>> {
  const { events } = one;
  if (one.is === 'command') return { run: one.run, events, timeout: formatDuration(one.timeoutMs) };
  const secret = one.secret === null ? {} : { secret: '[secret]' };
  return { url: shownUrl(one.url), events, ...secret };
}

/** Who holds the path of a webhook may post there: it is a secret as a password is. */
export function shownUrl(url: Secret): string {
  const { origin, pathname, search } = new URL(url.reveal());
  return pathname === '/' && search === '' ? `${origin}/` : `${origin}/[secret]`;
}

function formatTimeOfDay(sinceMidnightMs: number): string {
  const minutes = sinceMidnightMs / 60_000;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
