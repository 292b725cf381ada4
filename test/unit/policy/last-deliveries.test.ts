import { expect, test } from 'vitest';
import { lastDeliveries } from '../../../src/policy/last-deliveries.ts';
import type { AttemptRecord } from '../../../src/relay/queue.ts';

const attempt = (account: string, endedAtMs: number, outcome: 'delivered' | 'deferred') =>
  ({
    account,
    startedAtMs: endedAtMs - 5,
    tookMs: 5,
    results: [{ index: 0, outcome, text: '' }],
  }) as unknown as AttemptRecord;

test('the latest delivery of each account counts, whatever the order of the messages', () => {
  const known = lastDeliveries([
    { attempts: [attempt('gmail', 300, 'deferred'), attempt('ses', 900, 'delivered')] },
    { attempts: [attempt('gmail', 200, 'delivered')] },
    { attempts: [attempt('gmail', 400, 'delivered'), attempt('m365', 500, 'deferred')] },
    { attempts: [] },
  ]);
  expect([...known]).toEqual([
    ['ses', 900],
    ['gmail', 400],
  ]);
});
