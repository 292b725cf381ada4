import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { counts } from './counts.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

const { stoppedMs } = counts;
/** So short that all of them have run out when it goes on, whatever share of the minute it is. */
const timeouts = { connect: '2s', greeting: '2s', command: '2s', data: '2s', end_of_data: '2s' };

test(`promises 1 and 2: SIGSTOP under load for ${stoppedMs} ms, then SIGCONT`, {
  timeout: 120_000 + stoppedMs,
}, async () => {
  const limits = { timeouts: { authenticate: '2s', command: '2s', data: '2s' } };
  const scene = await makeScene({ config: { limits }, account: { timeouts } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  const load = startLoad({ port, sessions: 20, ...scene });
  await load.taken(100);
  process.kill(relay.pid, 'SIGSTOP');
  await sleep(stoppedMs);
  process.kill(relay.pid, 'SIGCONT');
  const more = startLoad({ port, sessions: 5, ...scene });
  await more.taken(100);
  await Promise.all([load.stop(), more.stop()]);
  await drain(relay, scene);
  expect(expectNothingLost(scene, 'SIGSTOP').acknowledged).toBeGreaterThan(200);
});
