import { expect, test } from 'vitest';
import type { StatsReport } from '../../../src/control/reports.ts';
import { hour, nowMs, relayctl } from './harness.ts';

const report: StatsReport = {
  sinceMs: nowMs - 48 * hour,
  rows: [
    {
      group: { day: '2026-11-20', sender: '' },
      accepted: 3,
      delivered: 0,
      bounced: 2,
      deferred: 7,
      complained: null,
      latencyMs: null,
    },
    {
      group: { day: '2026-11-21', sender: 'erp@velosi.example' },
      accepted: 1_200,
      delivered: 1_198,
      bounced: 1,
      deferred: 4,
      complained: null,
      latencyMs: { p50: 420, p95: 95_000 },
    },
    {
      group: { day: null, sender: null },
      accepted: 1,
      delivered: 1,
      bounced: 0,
      deferred: 0,
      complained: null,
      latencyMs: { p50: 1, p95: 1 },
    },
  ],
  quotas: { gmail: [{ rate: '500/d', used: 312 }] },
  merged: true,
  complete: false,
};

test('one line a group, and what is missing below', async () => {
  const daemon = { stats: async () => report };
  const { out, asked } = await relayctl('stats --by day,sender --since 2d', { daemon });
  expect(asked).toEqual([['stats', { by: ['day', 'sender'], sinceMs: nowMs - 48 * hour }]]);
  expect(out).toMatchInlineSnapshot(`
    "Recipients of mail accepted since 2026-11-19 12:00:00 UTC
    DAY         SENDER              ACCEPTED  DELIVERED  BOUNCED  DEFERRED  COMPLAINED    P50    P95
    2026-11-20  <>                         3          0        2         7           -      -      -
    2026-11-21  erp@velosi.example      1200       1198        1         4           -  420ms  1m35s
    -           -                          1          1        0         0           -    1ms    1ms
    Complained is not known: that needs feedback.listen, see docs/feedback.md.
    There are more groups: the last row is all the others.
    There is more mail than is read at once: ask for less time.
    "
  `);
});

test('by account the quota used now stands beside what was sent', async () => {
  const rows = ['gmail', 'ses'].map((account, at) => ({
    ...(report.rows[at] ?? report.rows[0]),
    group: { account },
  })) as StatsReport['rows'];
  const { out } = await relayctl('stats', { daemon: { stats: async () => ({ ...report, rows }) } });
  expect(out).toMatch(/^ACCOUNT .* USED NOW$/m);
  expect(out).toMatch(/^gmail .* 312 of 500\/d$/m);
  expect(out).toMatch(/^ses .* -$/m);
});

test('the last week by account when nothing is said', async () => {
  const daemon = {
    stats: async () => ({ ...report, rows: [], merged: false, complete: true }),
  };
  const { out, asked } = await relayctl('stats', { daemon });
  expect(asked).toEqual([['stats', { by: ['account'], sinceMs: nowMs - 7 * 24 * hour }]]);
  expect(out).toBe('Nothing was accepted since 2026-11-19 12:00:00 UTC.\n');
});

test.each(['--by colour', '--by day,day', '--since soon'])('%s is a mistake', async (option) => {
  expect((await relayctl(`stats ${option}`)).exitCode).toBe(64);
});
