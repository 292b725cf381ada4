import { expect, test } from 'vitest';
import { type Disk, smallDisk } from './disks.ts';
import { type Load, startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, type Scene, until } from './scene.ts';

/** Nothing is kept free, so that it is the storage that meets the end of the disk. */
const limits = { disk_free: '0B', connections_per_client: 1_000 };
const busy = [{ at: 'rcpt', do: { reply: '450 4.2.1 later' } }] as const;

async function sceneOn(disk: Disk, more: Record<string, unknown> = {}): Promise<Scene> {
  const config = { limits: { ...limits, ...more }, queue: { retry: ['1s'] } };
  return makeScene({ directory: disk.directory, config });
}

const refusedFor = (load: Load) => [...new Set(load.refusals.map((line) => line.slice(0, 9)))];

/** The disk has room again: the relay goes on as it is, without a restart. */
async function recovers(scene: Scene, relay: Awaited<ReturnType<Scene['start']>>, what: string) {
  const again = startLoad({ port: relay.ports[0] ?? 0, sessions: 2, ...scene });
  await again.taken(10);
  await again.stop();
  scene.upstream.script([]);
  await drain(relay, scene);
  return expectNothingLost(scene, what);
}

test('promise 1: the disk is full before a message comes', async () => {
  const disk = await smallDisk(24);
  const scene = await sceneOn(disk);
  const relay = await scene.start();
  disk.fill(0);
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 5, bytes: 20_000, ...scene });
  await until('it is refused', () => load.refusals.length >= 20);
  await load.stop();
  expect(refusedFor(load)).toEqual(['452 4.3.1']);
  disk.free();
  await recovers(scene, relay, 'disk full before');
});

test('promise 1: the disk fills up while mail is committed', async () => {
  const disk = await smallDisk(24);
  const scene = await sceneOn(disk);
  scene.upstream.script(busy);
  const relay = await scene.start();
  disk.fill(4 * 1024 * 1024);
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 20, bytes: 20_000, ...scene });
  await until('the disk is full', () => load.refusals.length >= 50);
  await load.stop();
  expect(refusedFor(load)).toEqual(['452 4.3.1']);
  disk.free();
  const { acknowledged } = await recovers(scene, relay, 'disk full during');
  expect(acknowledged).toBeGreaterThan(50);
});

test('promises 1 and 2: the disk is full when the outcome is to be written down', async () => {
  const disk = await smallDisk(24);
  const scene = await sceneOn(disk);
  scene.upstream.script([{ at: 'end-of-data', do: { stall: true } }]);
  const relay = await scene.start();
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 5, bytes: 20_000, ...scene });
  await load.taken(20);
  await load.stop();
  await until('attempts wait for their reply', () => scene.upstream.stalled() > 0);
  disk.fill(0);
  scene.upstream.script([]);
  scene.upstream.release();
  await relay.event('store.failed');
  disk.free();
  await recovers(scene, relay, 'disk full after');
});

test('promise 1: the disk fills up while a large body is spooled', async () => {
  const disk = await smallDisk(24);
  const scene = await sceneOn(disk, { memory: '1MiB' });
  scene.upstream.script(busy);
  const relay = await scene.start();
  disk.fill(9 * 1024 * 1024);
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 4, bytes: 1_500_000, ...scene });
  await until('the disk is full', () => load.refusals.length >= 10);
  await load.stop();
  expect(refusedFor(load)).toEqual(['452 4.3.1']);
  disk.free();
  await recovers(scene, relay, 'disk full in the spool');
});
