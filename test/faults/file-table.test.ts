import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

/** The first number that no file has, or one that is about to be closed. */
function firstFree(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const lasting = new Set(readdirSync(folder).filter((name) => !isSpoolFile(`${folder}/${name}`)));
  let number = 0;
  while (lasting.has(String(number))) number++;
  return number;
}

function isSpoolFile(link: string): boolean {
  try {
    return readlinkSync(link).includes('/spool/');
  } catch {
    return true; // closed since
  }
}

test('promise 1: the file table is full: clients wait or are told, and mail goes on when it is not', async () => {
  const scene = await makeScene({ config: { limits: { memory: '1MiB' } } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  const small = startLoad({ port, sessions: 10, ...scene });
  const large = startLoad({ port, sessions: 4, bytes: 400_000, ...scene });
  await Promise.all([small.taken(50), large.taken(4)]);
  const limit = (files: number) =>
    execFileSync('prlimit', ['--pid', String(relay.pid), `--nofile=${files}:20000`]);
  limit(firstFree(relay.pid));
  // The kernel lets them in; nobody has a place for them.
  const late = startLoad({ port, sessions: 20, ...scene });
  await until('large mail is refused', () => large.refusals.length >= 4);
  const refused = [...small.refusals, ...large.refusals];
  expect([...new Set(refused.map((line) => line[0]))]).toEqual(['4']);
  limit(20_000);
  const after = startLoad({ port, sessions: 20, bytes: 400_000, ...scene });
  await after.taken(20);
  await Promise.all([small, large, late, after].map((load) => load.stop()));
  await drain(relay, scene);
  expectNothingLost(scene, 'file table full');
});
