import { expect, test } from 'vitest';
import { ask, daemon, idOf, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('a 4xx is retried by the schedule, and flush makes it due at once', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', times: 1, do: { reply: '450 4.2.1 mailbox busy' } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  const id = idOf(await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' }));
  const settled = await relay.event('recipient.settled');
  expect(settled).toMatchObject({ id, outcome: 'deferred', attempts: 1 });
  expect(String(settled.text)).toContain('450 4.2.1 mailbox busy');
  const waitMs = Number(settled.nextAtMs) - Date.now();
  expect(waitMs).toBeGreaterThan(40_000);
  expect(waitMs).toBeLessThan(75_000);

  const shown = await ask<{ queued: unknown }>(relay, 'queue', 'show', id);
  expect(JSON.stringify(shown.queued)).toContain('450 4.2.1 mailbox busy');
  await relay.relayctl('queue', 'flush');
  expect(await relay.event('queue.flushed')).toMatchObject({ messages: 1, by: 'operator' });
  await server.taken(1);
  await relay.event('message.completed', (event) => event.id === id);
});

test('an order shorter than a minute is kept too: retry: [1s]', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', times: 2, do: { reply: '450 4.2.1 mailbox busy' } }],
  });
  const config = await simpleConfig(server, { queue: { retry: ['1s'] } });
  const relay = await daemon({ config });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  const [message] = await server.taken(1);
  expect(message?.reversePath).toBe('a@relay.test');
});
