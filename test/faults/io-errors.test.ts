import { expect, test } from 'vitest';
import { failingIo } from './failing-io.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

test.each([
  ['eio-write', 0],
  ['eio-sync', 0],
  ['eio-write', 300_000],
  ['eio-sync', 300_000],
] as const)(
  'promise 1: I/O errors (%s), bodies of %i bytes: 451, and nothing is lost',
  async (mode, bytes) => {
    const scene = await makeScene();
    const io = await failingIo(scene.directory);
    const relay = await scene.start({ environment: io.environment });
    const [port = 0] = relay.ports;
    const load = startLoad({ port, sessions: 5, bytes, ...scene });
    await load.taken(20);
    io.be(mode);
    await until('mail is refused', () => load.refusals.length >= 20);
    expect([...new Set(load.refusals.map((line) => line.slice(0, 9)))]).toEqual(['451 4.3.0']);
    // While nothing can be kept: the end that the process knows is not the end that the disk knows.
    await relay.kill('SIGKILL');
    await load.stop();
    io.be('none');
    const again = await scene.start({ environment: io.environment });
    const more = startLoad({ port: again.ports[0] ?? 0, sessions: 5, bytes, ...scene });
    await more.taken(20);
    io.be(mode);
    await until('mail is refused again', () => more.refusals.length >= 10);
    // And once more without an end: it goes on by itself when the disk does.
    const refused = more.refusals.length;
    io.be('none');
    await more.taken(40);
    await more.stop();
    expect(refused).toBeGreaterThan(0);
    await drain(again, scene);
    expectNothingLost(scene, `${mode}, bodies of ${bytes} bytes`);
  },
);
