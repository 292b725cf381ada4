import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DaemonError } from '../support/daemon.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, type Scene, tell, until } from './scene.ts';

const busy = [{ at: 'rcpt', do: { reply: '450 4.2.1 later' } }] as const;

/** Mail that waits in a queue that nobody has open, killed so that much of it is in the write-ahead log only. */
async function killedWithMail(bytes = 0, messages = 100): Promise<Scene> {
  const scene = await makeScene({ config: { limits: { memory: '1MiB' } } });
  scene.upstream.script(busy);
  const relay = await scene.start();
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 2, bytes, messages, ...scene });
  await load.ended;
  expect(scene.ledger.acknowledged.size).toBe(messages);
  await until('all of it waits', () =>
    scene.ledger.read(scene.directory).every(({ state }) => state === 'waiting'),
  );
  await relay.kill('SIGKILL');
  scene.upstream.script([]);
  return scene;
}

async function refusal(scene: Scene): Promise<DaemonError['result']> {
  try {
    await scene.start();
  } catch (error) {
    if (error instanceof DaemonError) return error.result;
    throw error;
  }
  throw new Error('relayd started');
}

async function comesBack(scene: Scene, what: string) {
  const relay = await scene.start();
  await drain(relay, scene);
  return expectNothingLost(scene, what);
}

test.each(['queue.db-wal', 'queue.db'])(
  'promises 1 and 8: damage in %s is refused, told, and undone by nothing but a person',
  async (name) => {
    const scene = await killedWithMail();
    const file = join(scene.directory, 'queue', name);
    // A relay that has stopped in order has all of it in the database.
    if (name === 'queue.db') await (await scene.start()).kill('SIGTERM');
    const sound = readFileSync(file);
    const broken = Buffer.from(sound);
    const middle = Math.floor(sound.length / 2 / 4096) * 4096;
    broken.fill(0x5a, middle, middle + 4096);
    writeFileSync(file, broken);
    const { code, stdout } = await refusal(scene);
    expect(code).toBe(73);
    expect(stdout).toMatch(/is damaged .* Nothing was changed/);
    expect(readFileSync(file).equals(broken)).toBe(true);
    writeFileSync(file, sound);
    await comesBack(scene, `${name} damaged, and put back`);
  },
);

test('promise 1: a write-ahead log that ends in half a commit is what a power cut leaves', async () => {
  const scene = await killedWithMail();
  const file = join(scene.directory, 'queue', 'queue.db-wal');
  const sound = statSync(file).size;
  // What comes behind the last commit was never acknowledged.
  const junk = readFileSync(file).subarray(32, 32 + 10_000);
  writeFileSync(file, Buffer.concat([readFileSync(file), junk]));
  expect(statSync(file).size).toBeGreaterThan(sound);
  await comesBack(scene, 'torn write-ahead log');
});

test.each([
  ['cut short', (file: string) => truncateSync(file, statSync(file).size - 5_000)],
  ['deleted', (file: string) => rmSync(file)],
] as const)(
  'promises 2 and 7: a spooled body that was %s is held, and stops nothing else',
  async (what, harm) => {
    const scene = await killedWithMail(300_000, 6);
    const spool = join(scene.directory, 'queue', 'spool');
    const [victim = ''] = readdirSync(spool);
    const [, token = ''] = /Subject: (\w+)/.exec(readFileSync(join(spool, victim), 'latin1')) ?? [];
    harm(join(spool, victim));
    const relay = await scene.start();
    await tell(relay, 'queue', 'flush', '--yes');
    await until('only that one is left', () => {
      const left = scene.ledger.read(scene.directory);
      return left.length === 1 && left[0]?.state === 'held';
    });
    expect(scene.ledger.read(scene.directory)).toMatchObject([{ token, state: 'held' }]);
    const { fates } = expectNothingLost(scene, `a spooled body ${what}`);
    expect(fates).toMatchObject({ delivered: 5, held: 1 });
  },
);
