import { expect, test } from 'vitest';
import {
  daemon,
  idOf,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

test('SIGTERM drains: a running attempt ends, and the exit code is 0', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', times: 1, do: { stall: true } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  await submit(relay.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  await expect.poll(() => server.stalled()).toBe(1);
  const stopped = relay.kill('SIGTERM');
  await relay.event('daemon.stopping');
  server.release();
  expect(await stopped).toEqual({ code: 0, signal: null });
  expect(await relay.event('daemon.stopped')).toMatchObject({ aborted: 0 });
  expect(relay.events.filter(({ event }) => event === 'message.completed')).toHaveLength(1);
});

test('an upstream that never answers is cut off within 10 s, and nothing is lost', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', times: 1, do: { stall: true } }],
  });
  const directory = await temporaryDirectory();
  const config = await simpleConfig(server);
  const first = await daemon({ config, directory });
  const reply = await submit(first.ports[0] ?? 0, {
    from: 'a@relay.test',
    to: 'b@dest.test',
    text: 'x',
  });
  await expect.poll(() => server.sessions.open).toBe(1);
  expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await first.event('daemon.stopped')).toMatchObject({ aborted: 1 });
  server.script([]);

  const second = await daemon({ config, directory });
  await server.taken(1);
  const completed = await second.event('message.completed');
  expect(completed.id).toBe(idOf(reply));
});
