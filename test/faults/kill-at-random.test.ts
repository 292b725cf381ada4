import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { counts } from './counts.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

/** Relays that are killed side by side, each on a queue that lives through all of its kills. */
const relays = 2;

test(`promises 1 and 2: kill -9 at random under load, ${counts.kills} times`, {
  timeout: 60_000 + counts.kills * 5_000,
}, async () => {
  const each = Array.from({ length: relays }, (_, at) => Math.floor((counts.kills + at) / relays));
  await Promise.all(each.map(killAgainAndAgain));
});

async function killAgainAndAgain(count: number): Promise<void> {
  const scene = await makeScene();
  for (let kill = 0; kill < count; kill++) {
    const relay = await scene.start();
    const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 20, ...scene });
    // After so many messages, or so much time on a machine that is too busy for them.
    const enough = load.taken(1 + Math.floor(Math.random() * 200));
    await Promise.race([enough, sleep(Math.random() * 2_000)]);
    await relay.kill('SIGKILL');
    await load.stop();
  }
  const relay = await scene.start();
  await drain(relay, scene);
  expect(expectNothingLost(scene, `${count} kills`).acknowledged).toBeGreaterThan(count);
}
