import { expect, test } from 'vitest';
import { accountAt, app, daemon, submit, upstream } from './scene.ts';

test('each message leaves authenticated as its own account, at concurrency 50 with reuse', async () => {
  const server = await upstream({ accounts: { 'a@one.test': 'pa', 'b@two.test': 'pb' } });
  const relay = await daemon({
    config: {
      clients: { app },
      accounts: {
        a: await accountAt(server, { username: 'a@one.test', password: 'pa' }),
        b: await accountAt(server, { username: 'b@two.test', password: 'pb' }),
      },
      routes: [
        { sender: '@one.test', accounts: ['a'] },
        { sender: '@two.test', accounts: ['b'] },
      ],
    },
  });
  const [port = 0] = relay.ports;
  const senders = Array.from({ length: 200 }, (_, n) =>
    n % 2 === 0 ? 'a@one.test' : 'b@two.test',
  );
  const queue = [...senders.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [n, from] = next;
      await submit(port, { from, to: `r${n}@dest.test`, subject: `${n}`, text: 'hello' });
    }
  };
  await Promise.all(Array.from({ length: 50 }, worker));
  const messages = await server.taken(200);
  expect(messages.filter((message) => message.authenticatedAs !== message.reversePath)).toEqual([]);
  expect(
    new Set(messages.flatMap(({ recipients }) => recipients.map((r) => r.forwardPath))).size,
  ).toBe(200);
  // Reuse: far fewer sessions than messages.
  expect(server.sessions.total).toBeLessThan(50);
});
