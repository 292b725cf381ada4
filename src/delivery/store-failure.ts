import type { EventSink } from '../relay/events.ts';
import { StoreError } from '../relay/ports.ts';

/**
 * Says that the storage failed, and for what if that is not plain. One that was closed has not: the
 * relay ends. Throws whatever else went wrong.
 */
export function tellStoreFailure(emit: EventSink, error: unknown, what = ''): void {
  if (!(error instanceof StoreError)) throw error;
  const { fault, message } = error;
  if (fault === 'closed') return;
  emit({ is: 'store.failed', fault, detail: what === '' ? message : `${what}: ${message}` });
}
