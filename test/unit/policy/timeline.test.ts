import { expect, test } from 'vitest';
import { timeline } from '../../../src/policy/timeline.ts';
import type { AttemptRecord, HistoryEntry } from '../../../src/relay/queue.ts';

const message = {
  client: 'shop',
  bytes: 300,
  acceptedAtMs: 100,
  envelope: { recipients: [{ forwardPath: 'kim@shop.example' }] },
} as unknown as HistoryEntry['message'];
const attempt = {
  account: 'gmail',
  startedAtMs: 110,
  tookMs: 8,
  results: [{ index: 0, outcome: 'delivered', text: '250 ok' }],
} as unknown as AttemptRecord;

test('a message is completed after what completed it, and before what its provider says later', () => {
  const events = [
    { is: 'feedback', atMs: 900, index: 0, kind: 'bounced', provider: 'ses', account: 'gmail' },
  ] as unknown as HistoryEntry['events'];
  const recipients = [
    { index: 0, outcome: 'delivered', reason: 'ok', text: '250 ok', atMs: 117 },
  ] as const;
  // The clock of the settlement was read before the length of the attempt was rounded up.
  const history = { message, settledAtMs: 117, recipients, attempts: [attempt], events };
  const told = timeline({ queued: null, history } as unknown as Parameters<typeof timeline>[0]);
  expect(told.map(({ atMs, what }) => [atMs, what])).toEqual([
    [100, 'accepted'],
    [118, 'delivered'],
    [118, 'completed'],
    [900, 'provider: bounced'],
  ]);
});
