import { join } from 'node:path';
import { expect, test } from 'vitest';
import { counts } from './counts.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

const preload = join(import.meta.dirname, 'throwing-storage.ts');

test.each(['timer', 'accept', 'commit', 'exit'])(
  'promise 1: the storage thread throws (%s): relayd ends with 70, nothing is lost',
  async (where) => {
    const scene = await makeScene();
    for (const nth of [1, 30, 120].slice(0, counts.rounds)) {
      const environment = {
        NODE_OPTIONS: `--import=${preload}`,
        TEST_THROW: `${where}:${nth}`,
      };
      const relay = await scene.start({ environment });
      const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 20, ...scene });
      const { code } = await relay.exited;
      await load.stop();
      expect(code, relay.stderr()).toBe(70);
      expect(relay.events.map(({ event }) => event)).toContain('daemon.failed');
    }
    const relay = await scene.start();
    await drain(relay, scene);
    expectNothingLost(scene, `the storage thread throws (${where})`);
  },
);
