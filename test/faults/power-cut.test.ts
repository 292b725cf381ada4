import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { counts } from './counts.ts';
import { failingIo } from './failing-io.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

const { powerCuts: cuts } = counts;

/** Bodies above 256 KiB go to files in the spool, with a rename. */
test.each([
  ['small', 0],
  ['spooled', 300_000],
])(
  `promises 1 and 2: ${cuts} power cuts, %s bodies: only what was synced is left`,
  {
    timeout: 60_000 + cuts * 15_000,
  },
  async (what, bytes) => {
    const scene = await makeScene();
    const io = await failingIo(scene.directory);
    for (let cut = 0; cut < cuts; cut++) {
      const relay = await scene.start({ environment: io.environment });
      const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 10, bytes, ...scene });
      await load.taken(5);
      await sleep(Math.random() * 300);
      await relay.kill('SIGKILL');
      await load.stop();
      io.cutPower();
    }
    const relay = await scene.start();
    await drain(relay, scene);
    expectNothingLost(scene, `${cuts} power cuts, ${what} bodies`);
  },
);

test('promise 1, as far as a disk that lies allows: what was kept before it began to lie is there', async () => {
  const scene = await makeScene();
  const io = await failingIo(scene.directory);
  // All of it waits, so that what is lost is seen.
  scene.upstream.script([{ at: 'rcpt', do: { reply: '450 4.2.1 later' } }]);
  const relay = await scene.start({ environment: io.environment });
  const honest = startLoad({ port: relay.ports[0] ?? 0, sessions: 5, ...scene });
  await honest.taken(100);
  await honest.stop();
  io.be('lie');
  const acknowledged = new Set<string>();
  const believed = startLoad({
    port: relay.ports[0] ?? 0,
    sessions: 5,
    ledger: { ...scene.ledger, acknowledged },
  });
  await believed.taken(100);
  await believed.stop();
  await relay.kill('SIGKILL');
  io.cutPower();
  scene.upstream.script([]);
  const again = await scene.start();
  await drain(again, scene);
  expectNothingLost(scene, 'a disk that lies');
  // No software can keep what the disk only said it had: they are lost, which shows that the cut was one.
  expect([...acknowledged].some((token) => !scene.ledger.has(token))).toBe(true);
});
