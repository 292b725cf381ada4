import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Asker } from '../../../src/control/answer.ts';
import type { ControlHandlers } from '../../../src/control/wire.ts';
import { openActivity } from '../../../src/dashboard/activity.ts';
import { openDashboard } from '../../../src/dashboard/dashboard.ts';
import { recall } from '../../../src/dashboard/recall.ts';
import { openSeries } from '../../../src/dashboard/series.ts';
import type { LogEntry } from '../../../src/relay/log-search.ts';
import { messageIdFromNumber } from '../../../src/relay/message-id.ts';

const minute = 60_000;
const startMs = 30_000_000 * minute + 5_000;

/** Accepted so long before the start, deferred once and delivered a second after acceptance. */
function entry(beforeMs: number, number: number): LogEntry {
  const acceptedAtMs = startMs - beforeMs;
  const result = { index: 0, outcome: 'deferred', text: `450 ${number}` };
  const attempt = { account: 'ses', startedAtMs: acceptedAtMs, tookMs: 100, results: [result] };
  const envelope = { recipients: [{ forwardPath: 'a@b.example' }] };
  const message = {
    id: messageIdFromNumber(number),
    client: 'erp',
    acceptedAtMs,
    bytes: 10,
    envelope,
  };
  const recipients = [{ index: 0, outcome: 'delivered', atMs: acceptedAtMs + 1_000 }];
  return { queued: null, history: { message, recipients, attempts: [attempt] } } as never;
}

function open(pages: readonly (readonly LogEntry[])[]) {
  const nowMs = (): number => startMs;
  const series = openSeries(nowMs);
  const activity = openActivity(nowMs, () => ({ clients: new Set(['erp']) }));
  let asked = 0;
  const ask = (async () => {
    const entries = pages[asked++ % pages.length] ?? [];
    const next = asked < 100 && pages.length !== asked ? messageIdFromNumber(1) : null;
    return { entries, next, unindexed: 0 };
  }) as unknown as Asker;
  return { series, activity, ask, asked: () => asked };
}

test('a day of before the start is there again, minute by minute', async () => {
  const { ask, series, activity } = open([
    [entry(2 * minute, 3)],
    [entry(10 * minute, 2), entry(10 * minute, 1)],
  ]);
  await recall({ ask, series, activity, untilMs: startMs });
  const minutes = series.minutes();
  expect(minutes).toHaveLength(1_440);
  expect(minutes.every(([at], place) => at === (minutes[0]?.[0] ?? 0) + 60 * place)).toBe(true);
  expect(minutes.filter(([, accepted]) => accepted > 0).map((row) => row.slice(1, 5))).toEqual([
    [2, 2, 2, 0],
    [1, 1, 1, 0],
  ]);
  expect(series.sums(60)).toMatchObject({ accepted: 3, delivered: 3 });
  expect(series.sums(60).delayP50Ms).toBeGreaterThan(950);
  expect(activity.client('erp')).toMatchObject({ messages: 3, recipients: 3, bytes: 30 });
  expect(activity.lastReply('ses')).toMatchObject({ text: '450 3' });
});

test('nothing was before: the plots begin with zeros', async () => {
  const { ask, series, activity } = open([[]]);
  await recall({ ask, series, activity, untilMs: startMs });
  expect(series.sums(1_440)).toMatchObject({ accepted: 0, delivered: 0 });
});

test('the history is read when somebody looks, and once', async () => {
  let searches = 0;
  const handlers = {
    'log.search': async () => {
      searches++;
      return { entries: [entry(2 * minute, 1)], next: null, unindexed: 0 };
    },
  } as unknown as ControlHandlers;
  const { site } = openDashboard({
    handlers,
    token: null,
    hostname: () => 'relay.test',
    clients: () => new Set(['erp']),
    emit: () => {},
    nowMs: () => startMs,
  });
  onTestFinished(() => site.close());
  await new Promise(setImmediate);
  expect(searches).toBe(0);
  const look = async (): Promise<void> => {
    const request = Object.assign(new IncomingMessage(new Socket()), {
      method: 'GET',
      url: '/series',
    });
    await site.answer(request, new ServerResponse(request));
  };
  await look();
  await look();
  expect(searches).toBe(1);
});
