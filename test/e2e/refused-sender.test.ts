import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ask, daemon, idOf, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

interface AccountAnswer {
  readonly account: { readonly heldSenders: readonly { sender: string; detail: string }[] };
}

const refused = '554 Message rejected: Email address is not verified.';

test('a sender the provider does not know is held with its account until it is resumed', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'end-of-data', do: { reply: refused } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  const mail = (from: string, to: string) => submit(port, { from, to, text: 'x' });
  const settled = (outcome: string) =>
    relay.events.filter((one) => one.event === 'recipient.settled' && one.outcome === outcome);

  await mail('shop@relay.test', 'r1@dest.test');
  expect(await relay.event('sender.held')).toMatchObject({ sender: 'shop@relay.test' });
  // Accepted with 250, and held at once.
  const second = idOf(await mail('shop@relay.test', 'r2@dest.test'));
  await mail('shop@relay.test', 'r3@dest.test');
  await expect.poll(() => settled('held').length).toBe(3);
  expect(server.messages).toHaveLength(1);
  server.script([]);
  await mail('other@relay.test', 'r4@dest.test');
  await expect.poll(() => settled('delivered').length).toBe(1);

  const shown = await ask<AccountAnswer>(relay, 'account', 'show', 'main');
  expect(shown.account.heldSenders).toMatchObject([{ sender: 'shop@relay.test', detail: refused }]);
  const message = await relay.relayctl('queue', 'show', second);
  expect(message.stdout).toContain('relayctl account resume main --sender shop@relay.test');

  // Released by hand it is tried again, and held again when it is refused again.
  server.script([{ at: 'end-of-data', do: { reply: refused } }]);
  expect((await relay.relayctl('queue', 'release', second)).code).toBe(0);
  await expect.poll(() => settled('held').length).toBe(4);
  expect(settled('bounced')).toEqual([]);

  server.script([]);
  const wrong = await relay.relayctl('account', 'resume', 'main', '--sender', 'x@relay.test');
  expect(wrong).toMatchObject({ code: 65, stderr: expect.stringContaining('shop@relay.test') });
  const resumed = await relay.relayctl('account', 'resume', 'main', '--sender', 'Shop@relay.test');
  expect(resumed.stdout).toContain('Sender shop@relay.test is tried again.');
  await expect.poll(() => settled('delivered').length).toBe(4);
  const after = await ask<AccountAnswer>(relay, 'account', 'show', 'main');
  expect(after.account.heldSenders).toEqual([]);
});

test('flush --include-held and account resume end the hold as well', async () => {
  const rule = { at: 'end-of-data', do: { reply: refused } } as const;
  const server = await upstream({ accounts: mainLogin, rules: [rule] });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  const count = (event: string) => relay.events.filter((one) => one.event === event).length;
  const heldMail = () => relay.events.filter(({ outcome }) => outcome === 'held').length;
  for (let n = 1; n <= 2; n++) {
    await submit(port, { from: 'shop@relay.test', to: `r${n}@dest.test`, text: 'x' });
    await expect.poll(heldMail).toBe(n);
  }
  expect((await relay.relayctl('queue', 'flush', '--include-held')).code).toBe(0);
  await expect.poll(() => count('sender.held')).toBe(2);
  await expect.poll(heldMail).toBe(4);
  server.script([]);
  expect((await relay.relayctl('account', 'resume', 'main')).stdout).toContain(
    'Sender shop@relay.test is tried again.\nSet in motion: 2 recipients',
  );
  await expect.poll(() => count('message.completed')).toBe(2);
});

test('the hold survives kill -9; a route to another account lets the mail go by itself', async () => {
  const rule = { at: 'end-of-data', do: { reply: refused }, username: 'user@relay.test' } as const;
  const server = await upstream({
    accounts: { ...mainLogin, 'second@relay.test': 'p2' },
    rules: [rule],
  });
  const config = await simpleConfig(server);
  const { main } = config.accounts as Record<string, Record<string, unknown>>;
  const second = { ...main, username: 'second@relay.test', password: 'p2' };
  const both = { ...config, accounts: { main, second } };
  const first = await daemon({ config: both });
  await submit(first.ports[0] ?? 0, { from: 'shop@relay.test', to: 'r1@dest.test', text: 'x' });
  await first.event('sender.held');
  await first.event('recipient.settled');
  await first.kill('SIGKILL');

  const relay = await daemon({ config: both, directory: first.directory });
  await submit(relay.ports[0] ?? 0, { from: 'shop@relay.test', to: 'r2@dest.test', text: 'x' });
  const settled = await relay.event('recipient.settled');
  expect(settled).toMatchObject({ outcome: 'held', attempts: 0, text: refused });
  expect(server.messages).toHaveLength(1);

  const text = readFileSync(relay.configFile, 'utf8');
  writeFileSync(relay.configFile, text.replace(/("accounts": \[\s*)"main"/, '$1"second"'));
  process.kill(relay.pid, 'SIGHUP');
  expect(await relay.event('sender.released')).toMatchObject({ by: 'reload' });
  const taken = await server.taken(2);
  expect(taken.map(({ authenticatedAs }) => authenticatedAs)).toEqual([
    'second@relay.test',
    'second@relay.test',
  ]);
});
