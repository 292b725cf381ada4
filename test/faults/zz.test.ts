import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { failingIo } from './failing-io.ts';
import { startLoad } from './load.ts';
import { makeScene } from './scene.ts';
test('zz', async () => {
  const scene = await makeScene();
  const io = await failingIo(scene.directory);
  const relay = await scene.start({ environment: io.environment });
  const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 5, ...scene });
  await load.taken(20);
  io.be('eio-write');
  await sleep(8000);
  const { execSync } = await import('node:child_process'); console.log(execSync(`ps -L -o tid,comm,stat,time,wchan:30 -p ${relay.pid}; timeout 3 strace -f -p ${relay.pid} 2>&1 | cut -c1-150 | head -60; true`).toString(), load.refusals);
});
