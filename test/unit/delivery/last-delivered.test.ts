import { afterEach, expect, test } from 'vitest';
import { type QueueStore, StoreError } from '../../../src/relay/ports.ts';
import type { HistoryEntry } from '../../../src/relay/queue.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let rig: Rig;

afterEach(() => rig.delivery.drain(0));

async function resumedWith(history: QueueStore['history']): Promise<void> {
  rig = makeRig(makeSettings([makeAccount('a', 1), makeAccount('b', 1)]));
  rig.store.history = history;
  await rig.delivery.resume();
}

test('at start the history tells when an account last delivered', async () => {
  const attempts = ['a', 'gone'].map((account) => ({
    ...{ account, startedAtMs: 1_000, tookMs: 20 },
    results: [{ index: 0, outcome: 'delivered', text: '250 ok' }],
  }));
  await resumedWith(async () => [{ attempts } as unknown as HistoryEntry]);
  const last = ['a', 'b', 'gone'].map((name) => rig.delivery.lastDeliveredAtMs(name));
  expect(last).toEqual([1_020, null, null]);
});

test('a history that cannot be read keeps no mail back, and is said', async () => {
  await resumedWith(() => Promise.reject(new StoreError('io', 'disk I/O error')));
  expect(rig.delivery.lastDeliveredAtMs('a')).toBeNull();
  expect(rig.events).toEqual([
    { is: 'store.failed', fault: 'io', detail: 'last deliveries: disk I/O error' },
  ]);
});
