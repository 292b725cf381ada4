import { expect, test } from 'vitest';
import type { FlushPlanLane, FlushProgress } from '../../../src/control/steering-reports.ts';
import { hour, minute, nowMs, relayctl } from './harness.ts';

const lane: FlushPlanLane = {
  account: 'ses',
  state: { is: 'open' },
  recipients: 1_200,
  messages: 1_000,
  quota: [{ rate: '500/d', used: 312 }],
  quotaLeft: 188,
  perSecond: 13.4,
  outAtMs: nowMs + 30 * hour,
  tooOld: 40,
};
const held = {
  is: 'held',
  reason: 'credentials',
  detail: '535',
  sinceMs: nowMs - hour,
  credentialVersion: 'v1',
} as const;
const unlimited = { quota: [], quotaLeft: null, perSecond: null, outAtMs: null, tooOld: 0 };

test('a plan: what would go by account, and by when', async () => {
  const lanes = [
    lane,
    { ...lane, ...unlimited, account: 'gmail', state: held, recipients: 5, messages: 5 },
    { ...lane, ...unlimited, account: null, state: null, recipients: 1, messages: 1 },
  ];
  const daemon = { 'queue.flush-plan': async () => ({ nowMs, pause: null, lanes }) };
  const ran = await relayctl('queue flush --plan --older 1h', { daemon });
  expect(ran.asked).toEqual([
    ['queue.flush-plan', { filter: { olderThanMs: nowMs - hour }, includeHeld: false }],
  ]);
  expect(ran.out).toBe(
    [
      'ACCOUNT          STATE           GOES  QUOTA LEFT  USED           RATE  OUT          TOO OLD',
      'ses              open            1200         188  312 of 500/d  13.4/s  in 1d6h           40',
      'gmail            held for 1h        5           -  -                -  held: stays        -',
      '(by the routes)  not configured     1           -  -                -  not known          -',
      '',
      'A flush would set in motion: 1206 recipients of 1006 messages. Nothing was changed.',
      '40 recipients too old to be useful: the lifetime ends within the hour or before the turn comes.',
      '',
    ]
      .join('\n')
      .replace('  USED           RATE', '  USED            RATE')
      .replaceAll('  -                -', '  -                  -'),
  );
});

test('a plan of nothing, and of a paused relay', async () => {
  const pause = { reason: 'cable', sinceMs: nowMs - minute, untilMs: null };
  const nothing = { 'queue.flush-plan': async () => ({ nowMs, pause: null, lanes: [] }) };
  expect((await relayctl('queue flush --plan', { daemon: nothing })).out).toContain(
    'Nothing waits that a flush would move.',
  );
  const paused = { 'queue.flush-plan': async () => ({ nowMs, pause, lanes: [lane] }) };
  expect((await relayctl('queue flush --plan', { daemon: paused })).out).toContain(
    'All delivery is paused (cable): nothing goes before relayctl resume.',
  );
});

const flushed = {
  recipients: 10,
  messages: 10,
  accountsResumed: [],
  lanes: ['ses'],
  flush: 4,
} as const;

const few = { 'queue.count': async () => ({ recipients: 10, messages: 10, lanes: [] }) };

/** A daemon that has tried so many more at every look. */
function daemonAt(tried: readonly number[], some: Partial<FlushProgress> = {}) {
  let looks = 0;
  return {
    ...few,
    'queue.flush': async () => flushed,
    'queue.flush-progress': async () => {
      const now = tried[Math.min(looks++, tried.length - 1)] ?? 0;
      const counts = { recipients: 10, tried: now, delivered: now, deferred: 0, bounced: 0 };
      return { ...counts, done: false, pause: null, stopped: [], ...some };
    },
  };
}

test('on a terminal a bar shows the progress until all was tried', async () => {
  const progress: string[] = [];
  const ran = await relayctl('queue flush', { daemon: daemonAt([0, 4, 10]), progress });
  expect(ran.exitCode).toBe(0);
  expect(progress).toEqual([
    '[                        ] 0% 0 of 10 tried: 0 delivered; 0.0/s',
    '[==========              ] 40% 4 of 10 tried: 4 delivered; 4.0/s',
    '[========================] 100% 10 of 10 tried: 10 delivered; 5.0/s',
  ]);
  expect(ran.out).toBe('Set in motion: 10 recipients of 10 messages through ses.\n');
});

test('what is stopped is named, and an end without all of them is one', async () => {
  const progress: string[] = [];
  const state = { ...held, is: 'paused', untilMs: nowMs + 4 * minute, strikes: 1 } as const;
  const daemon = daemonAt([3], { stopped: [{ account: 'ses', state }], done: true, deferred: 1 });
  await relayctl('queue flush', { daemon, progress, columns: 140 });
  expect(progress).toHaveLength(1);
  expect(progress[0]).toContain('1 deferred');
  expect(progress[0]).toContain('; ses paused, tries again in 4m');
});

test('Ctrl-C leaves the flush going and says so', async () => {
  const progress: string[] = [];
  const ran = await relayctl('queue flush', {
    daemon: daemonAt([0, 1, 2]),
    progress,
    interrupted: true,
  });
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.err).toBe('\nThe flush goes on; see it with relayctl top.\n');
});

test.each([
  ['queue flush --no-wait', { progress: [] as string[] }],
  ['queue flush --json', { progress: [] as string[] }],
  ['queue flush', {}],
])('%s %j does not wait', async (line, given) => {
  const ran = await relayctl(line, { daemon: daemonAt([0]), ...given });
  expect(ran.asked.map(([request]) => request)).toEqual(['queue.count', 'queue.flush']);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
});

test('a flush of a paused relay says that nothing goes, and does not wait', async () => {
  const pause = { reason: 'cable', sinceMs: nowMs, untilMs: nowMs + hour };
  const daemon = { ...few, 'queue.flush': async () => ({ ...flushed, pause }) };
  const ran = await relayctl('queue flush', { daemon, progress: [] });
  expect(ran.out).toContain(
    'All delivery is paused (cable, until 2026-11-21 13:00:00 UTC): nothing goes before relayctl resume.',
  );
});
