import { expect, test } from 'vitest';
import { ask, daemon, idOf, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('no reply after the final dot is in doubt: not repeated at once, but by order', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', times: 1, do: { drop: true } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  const id = idOf(await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' }));
  const settled = await relay.event('recipient.settled');
  expect(settled).toMatchObject({ id, outcome: 'in-doubt', reason: 'in-doubt' });
  const waitMs = Number(settled.nextAtMs) - Date.now();
  expect(waitMs).toBeGreaterThan(10 * 60_000);

  const { rows } = await ask<{ rows: { recipients: { state: string }[] }[] }>(
    relay,
    'queue',
    'list',
  );
  expect(rows).toMatchObject([{ recipients: [{ state: 'in-doubt' }] }]);

  const flushed = await relay.relayctl('queue', 'flush', id);
  expect(flushed.code).toBe(0);
  await server.taken(1);
  const bodies = server.messages.map(({ sha256 }) => sha256);
  expect(bodies).toHaveLength(2);
  // The same bytes, so that whoever has both copies can tell.
  expect(new Set(bodies).size).toBe(1);
});
