import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { startLoad } from './load.ts';
import { crashConfig, drainQueue, startSink, verdict } from './scene.ts';

/** Promise 1: 250 means durable. `RELAYD_KILLS=200 npx vitest run test/crash` is the long form. */
const kills = Number(process.env.RELAYD_KILLS ?? 20);

test(`kill -9 at random under load, ${kills} times: every 250 is kept`, {
  timeout: 30_000 + kills * 5_000,
}, async () => {
  const sink = await startSink();
  const directory = await mkdtemp(join(tmpdir(), 'relayd-crash-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const config = crashConfig(sink.server.port);
  const acknowledged = new Set<string>();
  let tokens = 0;
  for (let kill = 0; kill < kills; kill++) {
    const relay = await startDaemon({ directory, config });
    const load = startLoad({
      port: relay.ports[0] ?? 0,
      sessions: 20,
      nextToken: () => `t${tokens++}`,
      acknowledged,
    });
    await sleep(50 + Math.random() * 700);
    await relay.kill('SIGKILL');
    await load.stop();
    await relay.close();
  }
  const { inDoubt } = await drainQueue(directory, config);
  const { lost, twice } = verdict(acknowledged, sink.arrivals);
  console.info(
    `${kills} kills: ${acknowledged.size} acknowledged, ${lost.length} lost, ` +
      `${twice.length} sent twice, ${inDoubt} had been in doubt`,
  );
  expect(acknowledged.size).toBeGreaterThan(kills);
  expect(lost).toEqual([]);
  // A second copy only where nobody could know: the dot had gone out and our commit had not come back.
  expect(twice.length).toBeLessThanOrEqual(inDoubt);
});
