import { expect, test } from 'vitest';
import { hour, nowMs, relayctl } from './harness.ts';

const groups = [
  { values: ['gmail', 'quota'], ages: [1, 0, 2, 0, 0, 0, 40] },
  { values: [null, null], ages: [3, 0, 0, 0, 0, 0, 0] },
];
const daemon = { 'queue.stats': async () => ({ groups, merged: false }) };

test('a table like the one of qshape, with the sum on top', async () => {
  const ran = await relayctl('queue stats --by account,reason', { daemon });
  expect(ran.asked).toEqual([['queue.stats', { filter: {}, by: ['account', 'reason'] }]]);
  expect(ran.out).toMatchInlineSnapshot(`
    "Recipients in the queue
    ACCOUNT  REASON  TOTAL  5m  20m  1h  4h  1d  5d  5d+
    all                 46   4    0   2   0   0   0   40
    gmail    quota      43   1    0   2   0   0   0   40
    -        -           3   3    0   0   0   0   0    0
    "
  `);
});

test('by age the ages are the rows', async () => {
  const ages = [
    { values: ['6'], ages: [0, 0, 0, 0, 0, 0, 9] },
    { values: ['0'], ages: [2, 0, 0, 0, 0, 0, 0] },
  ];
  const ran = await relayctl('queue stats --by age', {
    daemon: { 'queue.stats': async () => ({ groups: ages, merged: false }) },
  });
  expect(ran.out).toBe('Recipients in the queue\nAGE  TOTAL\nall     11\n5d+      9\n5m       2\n');
});

test('filters reach the daemon, and JSON names the keys', async () => {
  const line = 'queue stats --account gmail --reason quota --older 1h --json';
  const ran = await relayctl(line, { daemon });
  const filter = { account: 'gmail', reasons: ['quota'], olderThanMs: nowMs - hour };
  expect(ran.asked).toEqual([['queue.stats', { filter, by: ['account'] }]]);
  expect(JSON.parse(ran.out)).toMatchObject({
    groups: [
      { group: { account: 'gmail' }, recipients: 43 },
      { group: { account: null }, recipients: 3 },
    ],
    merged: false,
  });
});

test('what is too much is said: more rows, merged groups', async () => {
  const merged = { 'queue.stats': async () => ({ groups, merged: true }) };
  const ran = await relayctl('queue stats --by recipient-domain --limit 1', { daemon: merged });
  expect(ran.out).toContain('1 more row with --limit 2\n');
  expect(ran.out).toContain('There are more groups: the last row is all the others.\n');
});

test('an empty queue, wrong keys, no daemon', async () => {
  const empty = { 'queue.stats': async () => ({ groups: [], merged: false }) };
  expect((await relayctl('queue stats', { daemon: empty })).out).toBe(
    'No mail in the queue matches.\n',
  );
  for (const by of ['colour', 'age,age']) {
    const wrong = await relayctl(`queue stats --by ${by}`, { daemon });
    expect(wrong.exitCode).toBe(64);
    expect(wrong.err).toContain('The keys are account, reason, age, recipient-domain');
  }
  expect((await relayctl('queue stats', { daemon: null })).exitCode).toBe(69);
});
