import { expect, onTestFinished, test } from 'vitest';
import type { TraceLineReport } from '../../../src/control/steering-reports.ts';
import { flushHandlers } from '../../../src/daemon/flush-handlers.ts';
import { openFlushWatches } from '../../../src/daemon/flush-watches.ts';
import { openLogLevel } from '../../../src/daemon/log-level.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import { steeringHandlers } from '../../../src/daemon/steering-handlers.ts';
import { openThroughput } from '../../../src/observe/throughput.ts';
import { startUpstream } from '../../support/upstream.ts';
import { type AccountOverrides, makeAccount, makeRig, makeSettings } from '../delivery/harness.ts';

const hour = 3_600_000;

async function open(overrides: AccountOverrides = {}) {
  const upstream = await startUpstream({ tls: 'none' });
  const flushes = openFlushWatches();
  const settings = makeSettings([makeAccount('gmail', upstream.port, overrides)]);
  const rig = makeRig({ ...settings, clients: new Map([['erp', {} as never]]) });
  onTestFinished(async () => {
    await rig.delivery.drain(0);
    await upstream.close();
  });
  await rig.delivery.resume();
  const levels: string[] = [];
  const relay = {
    settings: () => rig.settings,
    store: rig.store,
    delivery: rig.delivery,
    throughput: openThroughput(() => performance.now()),
    flushes,
    logLevel: openLogLevel({
      settings: { level: 'info', format: 'json', addresses: 'full' },
      configure: ({ level }) => void levels.push(level),
      emit: () => {},
      clock: rig.now,
    }),
    emit: () => {},
  } as unknown as Relay;
  const handlers = { ...steeringHandlers(relay, rig.now), ...flushHandlers(relay, rig.now) };
  return { rig, handlers, flushes, levels };
}

const scope = { sender: null, client: null, recipient: null, account: null };
const rule = { ...scope, reason: 'x', forMs: null, keep: false };

test('hold rules: added, listed, removed; mistakes are named', async () => {
  const { rig, handlers } = await open();
  const { rule: made } = await handlers['hold.add']({ ...rule, client: 'erp', forMs: hour });
  expect(made.untilMs).toBeGreaterThan(rig.now());
  expect((await handlers['hold.list']({})).rules).toEqual([made]);
  expect(await handlers['hold.remove']({ id: made.id, keep: false })).toMatchObject({
    rule: { id: made.id },
    recipients: 0,
  });
  const wrong = [
    [handlers['hold.remove']({ id: 9, keep: false }), 'no hold rule 9; there are none'],
    [handlers['hold.add'](rule), 'needs a sender, client, recipient or account'],
    [handlers['hold.add']({ ...rule, account: 'gmial' }), 'did you mean "gmail"?'],
    [handlers['hold.add']({ ...rule, client: 'epr' }), 'did you mean "erp"?'],
  ] as const;
  for (const [asked, message] of wrong) await expect(asked).rejects.toThrow(message);
});

test('pause and resume say what was before', async () => {
  const { handlers } = await open();
  const first = await handlers['relay.pause']({ reason: 'a', forMs: hour });
  expect(first).toMatchObject({ was: null, now: { reason: 'a' } });
  const second = await handlers['relay.pause']({ reason: 'b', forMs: null });
  expect(second).toMatchObject({ was: { reason: 'a' }, now: { reason: 'b', untilMs: null } });
  expect((await handlers.top({})).pause).toMatchObject({ reason: 'b' });
  expect(await handlers['relay.resume']({})).toMatchObject({ was: { reason: 'b' } });
  expect(await handlers['relay.resume']({})).toEqual({ was: null });
});

test('top shows accounts, connections and what each does', async () => {
  const { rig, handlers } = await open();
  expect(await handlers.top({})).toMatchObject({ connections: [], accounts: [{ name: 'gmail' }] });
  await rig.submit();
  await rig.event('message.completed');
  const { connections } = await handlers.top({});
  expect(connections).toEqual([
    { account: 'gmail', doing: 'idle', forMs: expect.any(Number), messages: 1 },
  ]);
});

test('a trace gives lines until it is over', async () => {
  const { rig, handlers } = await open();
  const lines: TraceLineReport[] = [];
  const over = new AbortController();
  const outlet = {
    send: async () => {},
    offer: (line: TraceLineReport) => lines.push(line) < 5,
    over: () => over.signal,
  };
  const tracing = handlers.trace({ account: 'gmail', forMs: hour }, outlet);
  await rig.submit();
  await rig.event('message.completed');
  over.abort();
  expect(await tracing).toEqual({ lines: 4, dropped: lines.length - 4, why: 'stopping' });
  expect(
    await handlers.trace(
      { account: null, forMs: 1 },
      { ...outlet, over: () => AbortSignal.any([]) },
    ),
  ).toMatchObject({ why: 'time' });
  expect(() => handlers.trace({ account: 'gmial', forMs: 1 }, outlet)).toThrow('did you mean');
});

test('the level of the log: asked for, changed for a while, back, and kept by a reload', async () => {
  const { handlers, levels } = await open();
  const log = handlers['log.level'];
  const configured = { level: 'info', configured: 'info', untilMs: null };
  expect(await log({ level: null, forMs: null })).toEqual(configured);
  expect(await log({ level: 'debug', forMs: null })).toEqual({ ...configured, level: 'debug' });
  expect(await log({ level: 'trace', forMs: 5 })).toMatchObject({ level: 'trace' });
  while (levels.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await log({ level: null, forMs: null })).toEqual(configured);
  await log({ level: 'warn', forMs: hour });
  expect(await log({ level: 'default', forMs: null })).toEqual(configured);
  expect(levels).toEqual(['debug', 'trace', 'info', 'warn', 'info']);
});

test('a plan counts by account what would go, and changes nothing', async () => {
  const rate = [{ count: 10, windowMs: hour, counts: 'messages', zone: null }] as const;
  const { rig, handlers } = await open({ limits: { rate } });
  const later = { dueAtMs: rig.now() + hour };
  for (let n = 0; n < 4; n++) await rig.enqueue({ ...later, to: ['a@b.example', 'c@d.example'] });
  const dying = { acceptedAtMs: rig.now() - rig.settings.queue.lifetimeMs + 60_000 };
  await rig.enqueue({ ...later, message: dying });
  const plan = await handlers['queue.flush-plan']({ filter: {}, includeHeld: false });
  expect(plan).toMatchObject({ pause: null });
  expect(plan.lanes).toEqual([
    {
      account: 'gmail',
      state: { is: 'open' },
      recipients: 9,
      messages: 5,
      quota: [{ rate: '10/h', used: 0 }],
      quotaLeft: 10,
      perSecond: null,
      outAtMs: expect.any(Number),
      tooOld: 1,
    },
  ]);
  expect((await rig.store.counts())[0]?.nextDueAtMs).toBe(later.dueAtMs);
  const none = { filter: { account: 'nobody' }, includeHeld: false };
  await expect(handlers['queue.flush-plan'](none)).rejects.toThrow('no account nobody');
});

test('the progress of a flush is told until all of it was tried', async () => {
  const { rig, handlers, flushes } = await open();
  for (let n = 0; n < 5; n++) await rig.enqueue({ dueAtMs: rig.now() + hour });
  const { flush = 0, ...flushed } = await handlers['queue.flush']({
    filter: {},
    includeHeld: false,
  });
  expect(flushed).toMatchObject({ recipients: 5, lanes: ['gmail'] });
  await rig.until(() => rig.all('message.completed').length === 5, 'all five');
  for (const event of rig.events) flushes.sink(event);
  const progress = await handlers['queue.flush-progress']({ flush });
  expect(progress).toMatchObject({
    recipients: 5,
    tried: 5,
    delivered: 5,
    done: true,
    stopped: [],
  });
  const unknown = handlers['queue.flush-progress']({ flush: 99 });
  await expect(unknown).rejects.toMatchObject({ code: 'not-found' });
});

test('a flush of a paused relay says so', async () => {
  const { rig, handlers } = await open();
  await handlers['relay.pause']({ reason: 'cable', forMs: null });
  await rig.enqueue();
  const flushed = await handlers['queue.flush']({ filter: {}, includeHeld: false });
  expect(flushed).toMatchObject({ recipients: 1, pause: { reason: 'cable' } });
});
