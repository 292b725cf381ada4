import type { WatchSources } from '../alerts/watchdog.ts';
import { addressRedaction } from '../observe/redact.ts';
import type { LogSettings, Settings } from '../relay/settings.ts';
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
export function addressesShown(
  settings: () => Settings,
): (field: string, value: unknown) => unknown {
  let mode: LogSettings['addresses'] = 'full';
  let redaction = addressRedaction(mode);
  return (field, value) => {
    const { addresses } = settings().log;
    if (addresses !== mode) {
      mode = addresses;
      redaction = addressRedaction(mode);
    }
    return redaction?.get(field)?.(value) ?? value;
  };
}
