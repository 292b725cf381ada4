import { expect, test } from 'vitest';
import { accountAt, app, ask, daemon, idOf, submit, upstream } from './scene.ts';

test('mail that is held back is read, counted, and sent by another account, over a restart', async () => {
  const server = await upstream({ accounts: { own: 'p' } });
  const login = { username: 'own', password: 'p' };
  const identities = ['*'];
  const accounts = {
    main: await accountAt(server, { ...login, password: 'wrong' }, { identities }),
    other: await accountAt(server, login, { identities, headers: { 'X-Way': 'other' } }),
    strict: await accountAt(server, login, { identities: ['@strict.test'] }),
  };
  const config = { clients: { app }, accounts, routes: [{ sender: '*', accounts: ['main'] }] };
  const relay = await daemon({ config });
  const [port = 0] = relay.ports;
  const line = `${'x'.repeat(70)}\n`;
  const text = line.repeat(20_000);
  const id = idOf(await submit(port, { from: 'a@app.test', to: 'b@dest.test', text }));
  await relay.event('account.held');

  expect(await ask(relay, 'queue', 'list', '--reason', 'credentials', '--ids')).toEqual([id]);
  expect(await ask(relay, 'queue', 'stats', '--by', 'recipient-domain')).toMatchObject({
    groups: [{ group: { 'recipient-domain': 'dest.test' }, recipients: 1 }],
  });
  expect(await ask(relay, 'queue', 'remove', '--all', '--dry-run')).toMatchObject({
    messages: 1,
    lanes: [{ lane: 'main' }],
  });
  const stored = await relay.relayctl('queue', 'show', id, '--raw');
  expect(stored.code).toBe(0);
  expect(stored.stdout.length).toBeGreaterThan(text.length);

  const refused = await relay.relayctl('queue', 'reroute', id, '--to', 'strict');
  expect(refused).toMatchObject({ code: 65, stdout: expect.stringContaining('a@app.test') });
  await relay.relayctl('account', 'hold', 'other');
  expect(await ask(relay, 'queue', 'reroute', id, '--to', 'other')).toMatchObject({
    moves: [{ from: 'main', to: 'other', recipients: 1 }],
  });
  await relay.event('queue.rerouted', ({ account }) => account === 'other');
  await relay.kill('SIGKILL');

  const again = await daemon({ config, directory: relay.directory });
  const raw = await again.relayctl('queue', 'show', id, '--raw');
  expect(raw.stdout).toBe(`X-Way: other\r\n${stored.stdout}`);
  const header = await again.relayctl('queue', 'show', id, '--headers');
  const body = await again.relayctl('queue', 'show', id, '--body');
  expect(header.stdout + body.stdout).toBe(raw.stdout);
  await again.relayctl('account', 'resume', 'other');
  const [sent] = await server.taken(1);
  expect(sent?.body.toString()).toBe(raw.stdout);
  await again.event('message.completed');
  const log = await again.relayctl('queue', 'show', id, '--log');
  expect(log.stdout).toMatch(
    /accepted +from app.*delivered +b@dest.test, account other.*completed\n$/s,
  );
});
