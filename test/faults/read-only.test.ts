import { expect, test } from 'vitest';
import { failingDisk } from './disks.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

test('promise 1: the file system turns read-only under the relay', async () => {
  const disk = await failingDisk(64);
  const limits = { disk_free: '0B' };
  const scene = await makeScene({ directory: disk.directory, config: { limits } });
  const relay = await scene.start();
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 10, ...scene });
  await load.taken(200);
  disk.fail();
  await until('mail is refused', () => load.refusals.length >= 20);
  await load.stop();
  expect([...new Set(load.refusals.map((line) => line.slice(0, 9)))]).toEqual(['451 4.3.0']);
  await relay.kill('SIGKILL');

  disk.repair();
  const again = await scene.start();
  const more = startLoad({ port: again.ports[0] ?? 0, sessions: 2, ...scene });
  await more.taken(10);
  await more.stop();
  await drain(again, scene);
  expectNothingLost(scene, 'read-only file system');
});
