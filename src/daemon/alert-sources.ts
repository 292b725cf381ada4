import type { WatchSources } from '../alerts/watchdog.ts';
import { redactionInForce } from '../observe/redact.ts';
import type { RelayEvent } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import type { Relay } from './relay.ts';

/** What the watchdog asks of the relay. */
export function watchSources({ store, delivery }: Relay): WatchSources {
  return {
    counts: () => store.counts(),
    states: () => delivery.states(),
    quotas: () => delivery.quotas(),
    lastDeliveredAtMs: (account) => delivery.lastDeliveredAtMs(account),
    allPaused: () => delivery.pauses.current !== null,
  };
}

/** Alerts show addresses as the log does: they leave the machine. */
export function addressesShown(settings: () => Settings): (event: RelayEvent) => RelayEvent {
  const redaction = redactionInForce(() => settings().log.addresses);
  return (event) => redaction()?.event(event) ?? event;
}
