import { expect, onTestFinished, test } from 'vitest';
import { makeCa, makeCertificate, spkiPin } from '../support/certificates.ts';
import { makeClock } from '../support/clock.ts';
import { daemon, mainLogin, submit, upstream } from './scene.ts';

const day = 86_400_000;

async function expiredServer() {
  const ca = await makeCa();
  const pair = await makeCertificate(ca, {
    names: ['localhost', '127.0.0.1'],
    notBefore: new Date(Date.now() - 90 * day),
    notAfter: new Date(Date.now() - 2 * day),
  });
  return { server: await upstream({ accounts: mainLogin, pair }), pair };
}

function config(port: number, tls: Record<string, unknown>) {
  return {
    clients: { app: { password: 'app-password', senders: ['*'] } },
    accounts: {
      main: {
        host: '127.0.0.1',
        port,
        username: 'user@relay.test',
        password: 'upstream-password',
        identities: ['*'],
        tls,
      },
    },
    routes: [{ sender: '*', accounts: ['main'] }],
  };
}

test('an expired certificate holds the account with an error that says how to mend it', async () => {
  const { server } = await expiredServer();
  const relay = await daemon({ config: config(server.port, { mode: 'starttls' }) });
  await submit(relay.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  const { detail, reason, hint } = await relay.event('account.held');
  expect(reason).toBe('tls');
  expect(detail).toContain('127.0.0.1');
  expect(detail).toContain('expired');
  // Which line of relay.yaml would tolerate it, ready to paste.
  expect(hint).toMatch(/relay\.yaml, line \d+.*pin: \["sha256\/\//);
  expect(server.messages).toEqual([]);
});

test('with a pin, a reason and a date it is tolerated, and said', async () => {
  const { server, pair } = await expiredServer();
  const until = new Date(Date.now() + 30 * day).toISOString().slice(0, 10);
  const relay = await daemon({
    config: config(server.port, {
      mode: 'starttls',
      pin: [`sha256//${spkiPin(pair.certificate)}`],
      exception: { allow: ['expired', 'untrusted'], reason: 'renewal asked for', until },
    }),
  });
  await submit(relay.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  const [message] = await server.taken(1);
  expect(message).toMatchObject({ authenticatedAs: 'user@relay.test', tls: 'TLSv1.3' });
  expect(await relay.event('tls.exception-used')).toMatchObject({ account: 'main' });
});

test('the exception announces its end, and from its date on the server is refused', async () => {
  const { server, pair } = await expiredServer();
  const clock = makeClock();
  onTestFinished(() => clock.close());
  const until = new Date(Date.now() + 5 * day).toISOString().slice(0, 10);
  const relay = await daemon({
    ...clock,
    config: config(server.port, {
      mode: 'starttls',
      pin: [`sha256//${spkiPin(pair.certificate)}`],
      exception: { allow: ['expired', 'untrusted'], reason: 'renewal asked for', until },
    }),
  });
  const [port = 0] = relay.ports;
  const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };
  await submit(port, mail);
  await server.taken(1);
  expect(await relay.event('tls.exception-ending')).toMatchObject({ account: 'main' });
  await relay.event('message.completed');

  clock.pass(5 * day, relay.pid);
  expect(await relay.event('tls.exception-ending', ({ daysLeft }) => daysLeft === 0)).toMatchObject(
    { detail: 'renewal asked for' },
  );
  await submit(port, mail);
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ account: 'main', reason: 'tls' });
  expect(held.detail).toContain('expired');
  expect(server.messages).toHaveLength(1);
  expect(relay.events.some(({ outcome }) => outcome === 'bounced')).toBe(false);

  const { code, stdout } = await relay.relayctl('account', 'show', 'main');
  expect(code).toBe(0);
  expect(stdout).toContain('expired');
});
