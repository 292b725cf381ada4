import { expect, test } from 'vitest';
import { startLoad } from '../faults/load.ts';
import { drain, expectNothingLost, makeScene } from '../faults/scene.ts';
import { ask, daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };

test('drain: clients get 421, what is here goes out, and undrain takes mail again', {
  timeout: 60_000,
}, async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', times: 1, do: { stall: true } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const port = relay.ports[0] ?? 0;
  await submit(port, mail);
  await expect.poll(() => server.stalled()).toBe(1);

  const moving = await ask(relay, 'drain', '--reason', 'new disk');
  expect(moving).toMatchObject({ quiet: false, sending: 1, now: { reason: 'new disk' } });
  await expect(submit(port, mail)).rejects.toThrow(/421 4\.3\.2 Maintenance/);
  const ready = await fetch(`http://127.0.0.1:${relay.observePort}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, 'not ready: draining\n']);
  expect((await relay.relayctl('status')).stdout).toContain('No mail has been taken for');

  server.release();
  await relay.event('message.completed');
  const quiet = await ask(relay, 'drain', '--wait', '10s');
  expect(quiet).toMatchObject({ quiet: true, sending: 0, due: 0 });
  await ask(relay, 'undrain');
  await relay.event('relay.undrained');
  expect(await submit(port, mail)).toMatch(/^250/);
  await ask(relay, 'drain', '--for', '1s');
  await relay.event('relay.undrained', ({ by }) => by === 'time');
  expect(await submit(port, mail)).toMatch(/^250/);
});

const restarts = Number(process.env.RELAYD_RESTARTS ?? 20);

test(`${restarts} drained restarts under load: every message once`, {
  timeout: 60_000 + restarts * 10_000,
}, async () => {
  const scene = await makeScene();
  for (let restart = 0; restart < restarts; restart++) {
    const relay = await scene.start();
    const load = startLoad({ port: relay.ports[0] ?? 0, sessions: 10, ...scene });
    await load.taken(1 + Math.floor(Math.random() * 50));
    expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await load.stop();
  }
  await drain(await scene.start(), scene);
  expect(expectNothingLost(scene, `${restarts} drained restarts`).twice).toEqual([]);
});
