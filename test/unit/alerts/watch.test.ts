import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Heartbeat } from '../../../src/alerts/heartbeat.ts';
import { openStateFile } from '../../../src/alerts/state-file.ts';
import { SummaryClock } from '../../../src/alerts/summary-clock.ts';
import { Watchdog } from '../../../src/alerts/watchdog.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import type { AlertSettings } from '../../../src/relay/alert.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import type { LaneCount } from '../../../src/relay/queue.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { soon, startReceiver } from './receiver.ts';

const minute = 60_000;
const T0 = Date.UTC(2026, 10, 21, 12);
const perDay = { count: 10, windowMs: 86_400_000, counts: 'messages', zone: null } as const;
const mib = 1024 * 1024;

function open() {
  const said: RelayEvent[] = [];
  const world = {
    nowMs: T0,
    counts: [] as LaneCount[],
    states: new Map<string, AccountState>(),
    used: 0,
    delivered: new Map<string, number>(),
    failures: 0,
    paused: false,
    freeBytes: 900 * mib,
    storeFails: false,
  };
  const settings = {
    accounts: new Map([
      ['a', {}],
      ['b', {}],
    ]),
    limits: { diskFreeBytes: 200 * mib },
    queue: { directory: '/var/lib/relayd' },
    notifications: { alerts: { stalledAfterMs: 15 * minute } },
  } as unknown as Settings;
  const watchdog = new Watchdog({
    settings: () => settings,
    emit: (event) => void said.push(event),
    clock: () => world.nowMs,
    sources: {
      counts: async () => {
        if (world.storeFails) throw new StoreError('io', 'EIO');
        return world.counts;
      },
      states: () => world.states,
      quotas: () => new Map([['b', [{ rate: perDay, used: world.used }]]]),
      lastDeliveredAtMs: (account) => world.delivered.get(account) ?? null,
      failuresInARow: () => world.failures,
      allPaused: () => world.paused,
    },
    freeBytes: async () => world.freeBytes,
  });
  /** Looks once a minute for so long. */
  const pass = async (minutes: number): Promise<void> => {
    for (let n = 0; n < minutes; n++) {
      await watchdog.look();
      world.nowMs += minute;
    }
  };
  const due = (lane: string, recipients = 4): LaneCount => {
    const from = { state: 'waiting', oldestAcceptedAtMs: T0, nextDueAtMs: T0 } as const;
    return { lane, recipients, ...from };
  };
  return { world, watchdog, pass, due, said, take: () => said.splice(0) };
}

test('a stall is said once, keeps back the sign of life, and ends with a delivery', async () => {
  const { world, watchdog, pass, due, take } = open();
  await pass(2);
  world.counts = [due('a')];
  await pass(15);
  expect([take(), watchdog.stalled()]).toEqual([[], null]);
  await pass(10);
  expect(take()).toMatchObject([
    {
      is: 'relay.stalled',
      account: 'a',
      recipients: 4,
      detail: 'mail is due and nothing was delivered for 15m',
      hint: '`relayctl account test a` says at which step it stands.',
    },
  ]);
  expect(watchdog.stalled()).toMatch(/^4 recipients are due and none was delivered for \d+m$/);
  world.delivered.set('a', world.nowMs);
  await pass(1);
  expect(take()).toMatchObject([{ is: 'relay.moving', account: 'a' }]);
  expect(watchdog.stalled()).toBe(null);
});

test('mail that is deferred message by message stalls, too', async () => {
  const { world, pass, due, take } = open();
  world.counts = [{ ...due('a'), nextDueAtMs: T0 + 90 * minute }];
  await pass(20);
  expect(take()).toEqual([]);
  world.failures = 5;
  await pass(20);
  expect(take()).toMatchObject([{ is: 'relay.stalled', account: 'a', recipients: 4 }]);
  world.failures = 0;
  world.delivered.set('a', world.nowMs);
  await pass(1);
  expect(take()).toMatchObject([{ is: 'relay.moving', account: 'a' }]);
});

test('all accounts at once are one thing more, and its end is said, too', async () => {
  const { world, pass, due, take } = open();
  world.counts = [due('a'), due('b')];
  await pass(20);
  expect(take()).toMatchObject([
    { is: 'relay.stalled', account: 'a' },
    { is: 'relay.stalled', account: 'b' },
    { is: 'relay.stalled', account: null, recipients: 8 },
  ]);
  world.delivered.set('a', world.nowMs);
  await pass(1);
  expect(take()).toMatchObject([
    { is: 'relay.moving', account: 'a' },
    { is: 'relay.moving', account: null },
  ]);
});

test('a held account is no stall, but no sign of life is given while only its mail waits', async () => {
  const { world, watchdog, pass, due, take } = open();
  const held = { is: 'held', reason: 'credentials', detail: '535', sinceMs: T0 } as const;
  world.states.set('a', { ...held, credentialVersion: 'v' });
  world.counts = [due('a')];
  await pass(20);
  expect(take()).toEqual([]);
  expect(watchdog.stalled()).not.toBe(null);
  // Other mail flows.
  world.delivered.set('b', world.nowMs);
  await pass(1);
  expect(watchdog.stalled()).toBe(null);
});

test('a pause by the upstream names why; a limit of our own keeps nothing back', async () => {
  const { world, watchdog, pass, due, take } = open();
  const paused = { is: 'paused', reason: 'network', detail: 'connection refused' } as const;
  world.states.set('a', { ...paused, sinceMs: T0, untilMs: T0 + 1, strikes: 3 });
  world.counts = [due('a'), due('b')];
  world.used = 10;
  await pass(20);
  const [exhausted, stalled, ...more] = take();
  expect(exhausted).toMatchObject({ is: 'quota.exhausted', account: 'b', rate: '10/d', used: 10 });
  expect(stalled).toMatchObject({ detail: expect.stringContaining('connection refused') });
  expect(more).toEqual([]);
  expect(watchdog.stalled()).toMatch(/^4 recipients/);
});

test('a disk is said to be low once, and to be enough', async () => {
  const { world, pass, take } = open();
  world.freeBytes = 399 * mib;
  await pass(3);
  expect(take()).toMatchObject([
    { is: 'disk.low', detail: '399MiB are free in /var/lib/relayd; below 200MiB no mail is taken' },
  ]);
  world.freeBytes = 900 * mib;
  await pass(2);
  expect(take()).toMatchObject([{ is: 'disk.enough' }]);
});

test('a storage that cannot be asked stops nothing', async () => {
  const { world, pass, take } = open();
  world.storeFails = true;
  world.used = 10;
  await pass(1);
  expect(take()).toMatchObject([{ is: 'quota.exhausted' }]);
});

test('the heartbeat stops while mail stands still, and goes on after it', async () => {
  const receiver = await startReceiver('/ping/token');
  let why: string | null = null;
  const events: RelayEvent[] = [];
  const is = (kind: RelayEvent['is']) => events.filter((event) => event.is === kind);
  const heartbeat = { url: new Secret(receiver.url), everyMs: 10 };
  const beats = new Heartbeat({
    settings: () => ({ heartbeat }) as AlertSettings,
    emit: (event) => void events.push(event),
    clock: Date.now,
    stalled: () => why,
  });
  onTestFinished(() => beats.close());
  beats.follow();
  await soon(() => is('heartbeat.sent').length).toBeGreaterThan(1);
  expect(receiver.received[0]).toMatchObject({ method: 'GET', path: '/ping/token' });
  why = '12 recipients are due';
  await soon(() => is('heartbeat.withheld').length).toBe(1);
  const before = receiver.received.length;
  why = null;
  await soon(() => receiver.received.length).toBeGreaterThan(before);
  receiver.answer(500);
  await soon(() => is('heartbeat.failed').length).toBeGreaterThan(0);
  expect(is('heartbeat.failed')[0]).toMatchObject({
    detail: `127.0.0.1:${receiver.port} answered 500`,
  });
  expect(is('heartbeat.withheld')).toHaveLength(1);
});

test('the summary goes once a day, over restarts, and again when it could not be sent', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-summary-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const hour = 60 * minute;
  const sent: number[] = [];
  const events: RelayEvent[] = [];
  let nowMs = T0;
  let fails: string | null = 'no route';
  const start = () =>
    new SummaryClock({
      settings: () => ({ to: 'a@x.example', from: null, atMs: 7 * hour, zone: 'UTC' }),
      emit: (event) => void events.push(event),
      clock: () => nowMs,
      file: openStateFile(join(directory, 'alerts', 'summary.json')),
      send: async (_, sinceMs) => {
        if (fails === null) sent.push(sinceMs);
        return fails;
      },
    });
  const run = async (): Promise<void> => {
    const clock = start();
    clock.follow();
    clock.follow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.close();
  };
  await run();
  expect(events).toMatchObject([{ is: 'summary.failed' }, { is: 'summary.failed' }]);
  fails = null;
  await run();
  await run();
  expect(sent).toEqual([T0 - 24 * hour]);
  nowMs = T0 + 15 * hour;
  await run();
  expect(sent).toHaveLength(1);
  nowMs = T0 + 30 * hour;
  await run();
  expect(sent).toEqual([T0 - 24 * hour, T0]);
});
