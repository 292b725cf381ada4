import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  STATS_KEYS,
  type StatsKey,
  sendingStats,
  statsGroupsMax,
} from '../../../src/policy/sending-stats.ts';
import type { AttemptRecord, HistoryEntry, QueueRow } from '../../../src/relay/queue.ts';
import { attempt, newMessage, T0 } from '../../contract/fixtures.ts';

interface Given {
  client?: string;
  from?: string;
  acceptedAtMs?: number;
  to?: readonly string[];
}

function entry(
  given: Given,
  recipients: readonly [outcome: string, afterMs: number][],
  attempts: readonly AttemptRecord[] = [attempt()],
): HistoryEntry {
  const { message } = newMessage({ is: 'waiting', dueAtMs: T0 }, given);
  return {
    message,
    settledAtMs: null,
    attempts,
    recipients: recipients.map(([outcome, afterMs], index) => {
      const atMs = message.acceptedAtMs + afterMs;
      return { index, outcome, reason: 'ok' as const, text: '', atMs };
    }),
  };
}

const tried = (account: string, outcome: AttemptRecord['results'][number]['outcome']) => ({
  ...attempt(),
  account,
  results: [{ index: 0, outcome, text: '' }],
});

function rowsOf(by: readonly StatsKey[], entries: readonly HistoryEntry[]) {
  const stats = sendingStats(by, false);
  for (const one of entries) stats.addHistory(one);
  return stats.rows();
}

test('a message counts by recipient, each under the account that had it last', () => {
  const rows = rowsOf(
    ['account'],
    [
      entry({}, [['delivered', 1_000]], [tried('ses', 'deferred'), tried('gmail', 'delivered')]),
      entry({}, [['bounced', 5]], [tried('ses', 'deferred'), tried('ses', 'bounced')]),
      entry({}, [['removed', 5]], []),
    ],
  );
  expect(rows).toMatchObject([
    { group: { account: 'gmail' }, accepted: 1, delivered: 1, bounced: 0, deferred: 0 },
    { group: { account: 'ses' }, accepted: 1, delivered: 0, bounced: 1, deferred: 2 },
    { group: { account: null }, accepted: 1, delivered: 0, bounced: 0, latencyMs: null },
  ]);
});

test('several keys make one group of their values, ordered; days are those of acceptance', () => {
  const next = T0 + 86_400_000;
  const rows = rowsOf(
    ['day', 'client', 'sender'],
    [
      entry({ acceptedAtMs: next, client: 'shop' }, [['delivered', 1]]),
      entry({ client: 'erp', from: '' }, [['delivered', 90_000_000]]),
      entry({ client: 'erp', from: '' }, [['delivered', 1]]),
    ],
  );
  expect(rows.map(({ group, accepted }) => [...Object.values(group), accepted])).toEqual([
    ['2026-11-18', 'erp', '', 2],
    ['2026-11-19', 'shop', 'erp@velosi.example', 1],
  ]);
});

test('what is still in the queue was accepted, and nothing else yet', () => {
  const stats = sendingStats(['account'], false);
  const { message } = newMessage({ is: 'waiting', dueAtMs: T0 }, { to: ['a@x', 'b@x'] });
  const recipient = { lane: 'gmail' } as QueueRow['recipients'][number];
  stats.addQueued({ message, recipients: [recipient, { ...recipient, index: 1 }] });
  expect(stats.rows()).toMatchObject([{ accepted: 2, delivered: 0, latencyMs: null }]);
});

test('without a key there is one row', () => {
  const rows = rowsOf([], [entry({}, [['delivered', 7]]), entry({}, [['bounced', 7]])]);
  expect(rows).toMatchObject([{ group: {}, accepted: 2, delivered: 1, bounced: 1 }]);
});

test('more senders than are kept apart end in one row', () => {
  const stats = sendingStats(['sender'], false);
  for (let at = 0; at < statsGroupsMax + 5; at++) {
    stats.addHistory(entry({ from: `${at}@x.example` }, [['delivered', 1]]));
  }
  const rows = stats.rows();
  expect(stats.merged).toBe(true);
  expect(rows).toHaveLength(statsGroupsMax + 1);
  expect(rows.at(-1)).toMatchObject({ group: { sender: null }, accepted: 5 });
});

test('percentiles are those of the sorted latencies, within 3 %', () => {
  const month = 30 * 86_400_000;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: month }), { minLength: 1 }), (latencies) => {
      const all = latencies.map((afterMs) => entry({}, [['delivered', afterMs]]));
      const latencyMs = rowsOf([STATS_KEYS[0]], all)[0]?.latencyMs;
      const sorted = latencies.map((one) => Math.max(1, one)).sort((a, b) => a - b);
      for (const [name, share] of [['p50', 0.5] as const, ['p95', 0.95] as const]) {
        const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
        expect(Math.abs((latencyMs?.[name] ?? 0) - exact)).toBeLessThanOrEqual(1 + exact * 0.03);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('complaints are counted for the account that providers named, once anybody tells', () => {
  const feedback = { is: 'feedback', atMs: T0, index: 0, provider: 'ses', text: '' } as const;
  const said = (['complained', 'delivered', 'bounced'] as const).map((kind) => {
    return { ...feedback, kind, account: 'gmail' };
  });
  const stats = sendingStats([], true);
  stats.addHistory({ ...entry({}, [['delivered', 5]]), events: said });
  expect(stats.rows()).toMatchObject([{ accepted: 1, delivered: 1, bounced: 0, complained: 1 }]);
  expect(rowsOf([], [entry({}, [['delivered', 5]])])).toMatchObject([{ complained: null }]);
});
