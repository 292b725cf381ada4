import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('a bad file changes nothing and is said; a good one is in force for waiting mail too', async () => {
  const server = await upstream({ accounts: { 'user@relay.test': 'new-password' } });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  expect(await relay.event('account.held')).toMatchObject({ account: 'main' });

  const good = readFileSync(relay.configFile, 'utf8');
  writeFileSync(relay.configFile, good.replace('"accounts"', '"acounts"'));
  process.kill(relay.pid, 'SIGHUP');
  const refused = await relay.event('config.refused');
  expect(String(refused.problems)).toContain('did you mean "accounts"?');
  await submit(port, { from: 'a@relay.test', to: 'c@dest.test', text: 'still taken' });

  // The password is mended: the hold was for the old one, so nothing else needs to be done.
  writeFileSync(relay.configFile, good.replace('upstream-password', 'new-password'));
  process.kill(relay.pid, 'SIGHUP');
  await relay.event('config.reloaded');
  await server.taken(2);
  expect(await relay.event('account.resumed')).toMatchObject({ account: 'main', by: 'reload' });
});

test('queued mail follows the new routes', async () => {
  const server = await upstream({ accounts: { ...mainLogin, 'second@relay.test': 'p2' } });
  const config = await simpleConfig(server);
  const accounts = config.accounts as Record<string, Record<string, unknown>>;
  const main = accounts.main ?? {};
  const relay = await daemon({
    config: {
      ...config,
      accounts: {
        main: { ...main, password: 'wrong' },
        second: { ...main, username: 'second@relay.test', password: 'p2' },
      },
    },
  });
  await submit(relay.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  await relay.event('account.held');
  const text = readFileSync(relay.configFile, 'utf8');
  writeFileSync(relay.configFile, text.replace(/("accounts": \[\s*)"main"/, '$1"second"'));
  process.kill(relay.pid, 'SIGHUP');
  const [message] = await server.taken(1);
  expect(message?.authenticatedAs).toBe('second@relay.test');
});
