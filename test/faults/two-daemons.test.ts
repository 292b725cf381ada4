import { expect, test } from 'vitest';
import { DaemonError } from '../support/daemon.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

test('promises 1 and 2: a second relayd on the queue is refused with the pid of the first', async () => {
  const scene = await makeScene();
  const first = await scene.start();
  const load = startLoad({ port: first.ports[0] ?? 0, sessions: 10, ...scene });
  await load.taken(20);
  for (let tries = 0; tries < 3; tries++) {
    const second = await scene.start().catch((error: unknown) => error);
    expect(second).toBeInstanceOf(DaemonError);
    if (!(second instanceof DaemonError)) throw second;
    expect(second.result.code).toBe(73);
    expect(second.result.stdout).toContain(`in use by process ${first.pid}`);
  }
  await load.stop();
  await drain(first, scene);
  expectNothingLost(scene, 'two daemons');
});
