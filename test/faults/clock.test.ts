import { expect, test } from 'vitest';
import { makeClock } from './jumping-clock.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

const dayMs = 86_400_000;

test.each([
  ['forward', dayMs],
  ['back', -dayMs],
])(
  'promises 1 and 6: the clock jumps %s a day: mail neither stalls nor expires',
  async (what, ms) => {
    const scene = await makeScene({ config: { queue: { retry: ['1s'] } } });
    const clock = await makeClock();
    scene.upstream.script([{ at: 'rcpt', times: 10, do: { reply: '450 4.2.1 later' } }]);
    const relay = await scene.start({ environment: clock.environment });
    const [port = 0] = relay.ports;
    const before = startLoad({ port, sessions: 5, messages: 30, ...scene });
    await before.ended;
    clock.jump(ms);
    const after = startLoad({ port, sessions: 5, messages: 30, ...scene });
    await after.ended;
    expect(scene.ledger.acknowledged.size).toBe(60);
    // By itself: nobody flushes, and a waiting time of a second is not one of a day.
    await until('all of it has gone', () => scene.ledger.read(scene.directory).length === 0);
    expect(expectNothingLost(scene, `clock ${what} a day`).fates.delivered).toBe(60);
  },
);

test('promise 1: the clock is a day back at the next start: new ids never meet old ones', async () => {
  const scene = await makeScene();
  const clock = await makeClock();
  scene.upstream.script([{ at: 'rcpt', do: { reply: '450 4.2.1 later' } }]);
  for (const ms of [0, -dayMs]) {
    clock.jump(ms);
    const relay = await scene.start({ environment: clock.environment });
    await startLoad({ port: relay.ports[0] ?? 0, sessions: 5, messages: 30, ...scene }).ended;
    await relay.kill('SIGKILL');
  }
  expect(scene.ledger.acknowledged.size).toBe(60);
  scene.upstream.script([]);
  const relay = await scene.start({ environment: clock.environment });
  await drain(relay, scene);
  expectNothingLost(scene, 'clock back a day at a start');
});
