import { expect, test } from 'vitest';
import { failingDisk } from './disks.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

const connections = 2;

test('promise 1: the file system turns read-only under the relay', async () => {
  const disk = await failingDisk(64);
  const limits = { disk_free: '0B' };
  const scene = await makeScene({
    directory: disk.directory,
    config: { limits },
    account: { limits: { connections } },
  });
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
  // The dot ledger went with the file system and the machine did not start anew: what had its final dot out then may come
  // twice, at most one message for each connection.
  expectNothingLost(scene, 'read-only file system', { unexcusedMax: connections });
});
