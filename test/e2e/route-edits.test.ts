import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { accountAt, app, ask, daemon, idOf, submit, upstream } from './scene.ts';

const login = { username: 'own@own.test', password: 'p' };
const lines = (body: Buffer | undefined) => String(body).split('\r\n\r\n')[0]?.split('\r\n') ?? [];

test('a route rewrites the sender, changes the header and sends a copy', async () => {
  const server = await upstream({ accounts: { 'own@own.test': 'p' } });
  const main = await accountAt(server, login);
  const route = {
    sender: '*',
    accounts: ['main'],
    rewrite: { from: 'own@own.test' },
    headers: { add: { 'X-Relay': 'relayd' }, remove: ['X-Internal-*'] },
    bcc: ['archive@own.test'],
  };
  const relay = await daemon({
    config: { clients: { app }, accounts: { main }, routes: [route] },
  });
  const [port = 0] = relay.ports;
  const mail = {
    from: 'The App <app@app.test>',
    to: 'b@dest.test',
    subject: 'x',
    headers: { 'X-Internal-Host': 'db1' },
    text: 'hello',
  };
  const id = idOf(await submit(port, mail));
  const [sent] = await server.taken(1);
  expect(sent?.reversePath).toBe('own@own.test');
  expect(sent?.recipients.map(({ forwardPath }) => forwardPath)).toEqual([
    'b@dest.test',
    'archive@own.test',
  ]);
  expect(sent?.recipients[1]?.parameters).toEqual(['NOTIFY=NEVER']);
  const header = lines(sent?.body);
  expect(header[0]).toBe('X-Relay: relayd');
  expect(header).toContain('From: The App <own@own.test>');
  expect(header).toContain('Reply-To: The App <app@app.test>');
  expect(header.filter((line) => /app@app|X-Internal|archive/.test(line))).toEqual([
    'Reply-To: The App <app@app.test>',
  ]);
  expect(sent?.parameters).toContain(`SIZE=${sent?.bytes}`);
  await relay.event('message.completed');
  const shown = await relay.relayctl('queue', 'show', id);
  expect(shown.stdout).toContain('archive@own.test (copy by its route)');
  expect(shown.stdout).toContain('app@app.test');
  expect(
    await ask(relay, 'route', 'test', '--from', 'app@app.test', '--to', 'b@c.test'),
  ).toMatchObject({
    accounts: [{ name: 'main', maySendAs: true, rewrittenTo: 'own@own.test' }],
    bcc: route.bcc,
  });
});

test('waiting mail is sent as the routes in force say, a large body too', async () => {
  const server = await upstream({ accounts: { 'own@own.test': 'p' } });
  const main = await accountAt(server, { ...login, password: 'wrong' }, { identities: ['*'] });
  const relay = await daemon({
    config: { clients: { app }, accounts: { main }, routes: [{ sender: '*', accounts: ['main'] }] },
  });
  const text = 'x'.repeat(600 * 1024);
  await submit(relay.ports[0] ?? 0, { from: 'app@app.test', to: 'b@dest.test', text });
  await relay.event('account.held');
  const file = JSON.parse(readFileSync(relay.configFile, 'utf8'));
  file.accounts.main.password = 'p';
  file.routes[0].rewrite = { from: 'own@own.test', when: 'always' };
  writeFileSync(relay.configFile, JSON.stringify(file));
  process.kill(relay.pid, 'SIGHUP');
  const [sent] = await server.taken(1);
  expect(sent?.reversePath).toBe('own@own.test');
  expect(lines(sent?.body)).toContain('From: own@own.test');
  expect(sent?.parameters).toContain(`SIZE=${sent?.bytes}`);
});

test('a notification of the relay goes to the original sender', async () => {
  const server = await upstream({ accounts: { 'own@own.test': 'p' } });
  server.script([{ at: 'rcpt', path: 'b@dest.test', do: { reply: '550 5.1.1 no such user' } }]);
  const main = await accountAt(server, login);
  const rewrite = { from: 'own@own.test' };
  const route = { sender: '*', accounts: ['main'], rewrite, bcc: ['archive@own.test'] };
  const relay = await daemon({
    config: { clients: { app }, accounts: { main }, routes: [route] },
  });
  await submit(relay.ports[0] ?? 0, { from: 'app@app.test', to: 'b@dest.test', text: 'x' });
  const sent = await server.taken(2);
  const report = sent.find(({ reversePath }) => reversePath === '');
  expect(report?.recipients.map(({ forwardPath }) => forwardPath)).toEqual(['app@app.test']);
  expect(lines(report?.body)).toContain('From: Mail relay <own@own.test>');
});
