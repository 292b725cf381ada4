import { randomUUID } from 'node:crypto';
import { type Alerts, openAlerts } from '../alerts/alerts.ts';
import type { WatchSources } from '../alerts/watchdog.ts';
import { redactionInForce } from '../observe/redact.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import type { Relay } from './relay.ts';

/** What the watchdog asks of the relay. */
export function watchSources({ store, delivery }: Relay): WatchSources {
  return {
    counts: () => store.counts(),
    states: () => delivery.states(),
    quotas: () => delivery.quotas(),
    lastDeliveredAtMs: (account) => delivery.lastDeliveredAtMs(account),
    failuresInARow: (account) => delivery.failuresInARow(account),
    allPaused: () => delivery.pauses.current !== null,
  };
}

/** Alerts show addresses as the log does: they leave the machine. */
function addressesShown(settings: () => Settings): (event: RelayEvent) => RelayEvent {
  const redaction = redactionInForce(() => settings().log.addresses);
  return (event) => redaction()?.event(event) ?? event;
}

export function openAlertsOf(settings: () => Settings, emit: EventSink): Alerts {
  const show = addressesShown(settings);
  const chance = { dice: Math.random, newId: randomUUID };
  return openAlerts({ settings, emit, clock: Date.now, show, ...chance });
}
