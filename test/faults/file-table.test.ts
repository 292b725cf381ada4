import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

test('promise 1: the file table is full: clients wait or are told, and mail goes on when it is not', async () => {
  const scene = await makeScene({ config: { limits: { memory: '1MiB' } } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  const small = startLoad({ port, sessions: 10, ...scene });
  const large = startLoad({ port, sessions: 4, bytes: 400_000, ...scene });
  await Promise.all([small.taken(50), large.taken(4)]);
  const open = readdirSync(`/proc/${relay.pid}/fd`).length;
  const limit = (files: number | string) =>
    execFileSync('prlimit', ['--pid', String(relay.pid), `--nofile=${files}`]);
  limit(`${open}:20000`);
  const late = startLoad({ port, sessions: 20, ...scene });
  await until(
    'something was refused or goes on',
    () => small.refusals.length + large.refusals.length > 0,
  );
  expect([...new Set([...small.refusals, ...large.refusals].map((line) => line[0]))]).toEqual([
    '4',
  ]);
  limit('20000:20000');
  await late.taken(20);
  await Promise.all([small, large, late].map((load) => load.stop()));
  await drain(relay, scene);
  expectNothingLost(scene, 'file table full');
});
