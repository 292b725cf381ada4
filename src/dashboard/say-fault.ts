import type { ControlError } from '../control/wire.ts';
import type { EventSink } from '../relay/events.ts';

/** Says a fault of ours; what the storage or the asker is to blame for is said elsewhere. */
export function sayFault(emit: EventSink, { code, message }: ControlError): void {
  if (code !== 'internal') return;
  const detail = `${code}: ${message}`;
  emit({ is: 'control.called', request: 'dashboard', tookMs: 0, failed: true, detail });
}
