import { expect, test } from 'vitest';
import { openLive } from '../../../src/dashboard/live.ts';
import { openScene } from './scene.ts';

async function framesOf(response: Response, count: number): Promise<Record<string, unknown>[]> {
  const frames: Record<string, unknown>[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const data = /^event: snapshot\ndata: (.*)$/.exec(part)?.[1];
      if (data !== undefined) frames.push(JSON.parse(data) as Record<string, unknown>);
    }
    if (frames.length >= count) break;
  }
  return frames;
}

test('whoever looks on gets the fragments of the overview as they change', async () => {
  const { get, rig } = await openScene({ token: null, liveEveryMs: 20 });
  const news = await get('/events');
  expect(news.headers.get('content-type')).toBe('text/event-stream');
  await rig.enqueue({ dueAtMs: Date.now() + 3_600_000 });
  const [frame] = await framesOf(news, 1);
  expect(Object.keys(frame?.fragments ?? {})).toEqual([
    'status',
    'lanes',
    'failures',
    'credentials',
    'clients',
  ]);
  expect(frame?.minute).toHaveLength(8);
});

test('news end with the session', async () => {
  const { get, login, rig } = await openScene({ liveEveryMs: 20 });
  await login();
  const news = await get('/events');
  rig.aheadMs += 13 * 3_600_000;
  // Ends by itself: the wanted number never comes.
  expect((await framesOf(news, 10_000)).length).toBeLessThan(100);
});

test('a fault in the news is said, and ends nothing', async () => {
  const clients = {
    [Symbol.iterator]: () => {
      throw new TypeError('no such thing');
    },
  };
  const { get, said } = await openScene({
    token: null,
    liveEveryMs: 20,
    clients: clients as never,
  });
  const { body } = await get('/events');
  await expect.poll(() => said).not.toEqual([]);
  expect(said[0]).toMatchObject({ request: 'dashboard', detail: 'internal: no such thing' });
  await body?.cancel();
});

/** A response of the server as far as news need one. */
function listener(writableLength = 0) {
  const written: string[] = [];
  let close = (): void => {};
  const response = {
    writableLength,
    write: (text: string) => written.push(text),
    end: () => close(),
    destroy: () => close(),
    once: (_: string, closed: () => void) => {
      close = closed;
    },
  };
  return { response: response as never, written, close: () => close() };
}

test('nothing is computed while nobody looks, and once for all who do', async () => {
  let computed = 0;
  const waiting: (() => void)[] = [];
  const frame = (): Promise<string> => {
    computed++;
    const made = Promise.withResolvers<string>();
    waiting.push(() => made.resolve(`event ${computed}\n\n`));
    return made.promise;
  };
  const live = openLive({ frame, everyMs: 1 });
  expect(computed).toBe(0);
  const all = [listener(), listener(), listener()];
  for (const { response } of all) live.attach(response, () => true);
  expect(computed).toBe(1);
  waiting[0]?.();
  await Promise.resolve();
  await new Promise(setImmediate);
  expect(all.map(({ written }) => written.at(1))).toEqual(new Array(3).fill('event 1\n\n'));
  live.close();
});

test('a slow reader is dropped, and there are only so many', async () => {
  const live = openLive({ frame: async () => 'event\n\n', everyMs: 1 });
  const slow = listener(10 * 1024 * 1024);
  let closed = false;
  live.attach(slow.response, () => true);
  const { response, written } = listener();
  for (let at = 0; at < 23; at++) expect(live.attach(listener().response, () => true)).toBe(true);
  expect(live.attach(response, () => true)).toBe(false);
  expect(written).toEqual([]);
  await new Promise(setImmediate);
  // The slow one made room.
  closed = live.attach(response, () => true);
  expect(closed).toBe(true);
  live.close();
});
