import { expect, test } from 'vitest';
import { accountAt, daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

const login = { user: 'user@relay.test', pass: 'upstream-password' };

test('an app keeps its upstream address and password and changes only the host', async () => {
  const server = await upstream({ accounts: mainLogin });
  const main = { username: login.user, password: login.pass };
  const config = await simpleConfig(server, {
    accounts: { main: await accountAt(server, main) },
    listeners: [{ listen: '127.0.0.1:0', account_login: true }],
    routes: [{ sender: '*', reject: 'no upstream account for this sender' }],
  });
  const relay = await daemon({ config });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'user@relay.test', to: 'b@dest.test', text: 'x' }, login);
  const [message] = await server.taken(1);
  expect(message).toMatchObject({
    authenticatedAs: 'user@relay.test',
    reversePath: 'user@relay.test',
  });

  await expect(
    submit(port, { from: 'user@relay.test', to: 'b@dest.test' }, { ...login, pass: 'wrong' }),
  ).rejects.toThrow(/535/);
  // Bound to the account: it may send as the account's identities only.
  await expect(
    submit(port, { from: 'other@relay.test', to: 'b@dest.test' }, login),
  ).rejects.toThrow(/553 5\.7\.1 .*other@relay\.test/);
});
