import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { field, parts, trickyContent, trickyMessage } from './message.ts';
import { type Provider, type ProviderKind, providers } from './providers.ts';

const passwords = {
  'erp@velosi.example': 'velosi app password',
  'mail@alliance.example': 'alliance/password=with+signs',
};

/** App -> relayd -> the provider (STARTTLS, AUTH) -> our own server, which shows what came through. */
interface Chain {
  readonly destination: Upstream;
  readonly provider: Provider;
  readonly relayd: Daemon;
  send(from: string, to: readonly string[], subject: string): Promise<void>;
}

const opened: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(part: T): T => {
  opened.unshift(part);
  return part;
};
afterEach(async () => {
  for (const part of opened.splice(0)) await part.close();
});

async function openChain(kind: ProviderKind, accountPasswords: Record<string, string> = passwords) {
  const ca = await makeCa();
  const directory = await mkdtemp(join(tmpdir(), 'relayd-peers-'));
  keep({ close: () => rm(directory, { recursive: true }) });
  writeFileSync(join(directory, 'ca.pem'), ca.certificate);
  const destination = keep(await startUpstream({ tls: 'none' }));
  const port = await freePort();
  const provider = keep(
    await kind.start({
      port,
      nextHopPort: destination.port,
      pair: await makeCertificate(ca, { names: ['localhost'] }),
      accounts: passwords,
    }),
  );
  const relayd = keep(
    await startDaemon({ config: settings(port, join(directory, 'ca.pem'), accountPasswords) }),
  );
  const transport = createTransport({
    host: '127.0.0.1',
    port: relayd.ports[0] ?? 0,
    ignoreTLS: true,
    pool: true,
    maxConnections: 10,
    auth: { user: 'app', pass: 'app-password' },
  });
  keep({ close: async () => transport.close() });
  const send: Chain['send'] = async (from, to, subject) => {
    const raw = trickyMessage({ from, to: to.join(', '), subject });
    await transport.sendMail({ envelope: { from, to: [...to] }, raw });
  };
  return { destination, provider, relayd, send };
}

function settings(port: number, ca: string, accountPasswords: Record<string, string>) {
  const account = (username: keyof typeof passwords) => ({
    host: 'localhost',
    port,
    username,
    password: accountPasswords[username],
    identities: ['*'],
    tls: { mode: 'starttls', verify: 'full', ca },
  });
  return {
    clients: { app: { password: 'app-password', senders: ['*'] } },
    accounts: {
      velosi: account('erp@velosi.example'),
      alliance: account('mail@alliance.example'),
    },
    routes: [
      { sender: '@velosi.example', accounts: ['velosi'] },
      { sender: '@alliance.example', accounts: ['alliance'] },
    ],
  };
}

describe.each(providers)('$name as upstream', (kind) => {
  let chain: Chain;

  describe('with the right passwords', () => {
    beforeEach(async () => {
      chain = await openChain(kind);
    });

    test('every message leaves as its own account, with its body untouched', async () => {
      const senders = ['erp@velosi.example', 'mail@alliance.example'];
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          chain.send(senders[index % 2] ?? '', [`to${index}@else.example`], `message-${index}`),
        ),
      );
      const messages = await chain.destination.taken(40, 40_000);
      for (const { body, reversePath, recipients } of messages) {
        expect(kind.authenticatedAs(body)).toBe(reversePath);
        expect(recipients.map(({ forwardPath }) => forwardPath)).toEqual([field(body, 'To')]);
        expect(parts(body).content.equals(trickyContent)).toBe(true);
      }
      expect(new Set(messages.map(({ body }) => field(body, 'Subject'))).size).toBe(40);
    });

    test('one refused recipient is reported to the sender, the other gets the message', async () => {
      await chain.send(
        'erp@velosi.example',
        ['nobody@else.example', 'somebody@else.example'],
        'partly-refused',
      );
      const messages = await chain.destination.taken(2, 40_000);
      const report = messages.find(({ reversePath }) => reversePath === '');
      const delivered = messages.find(({ reversePath }) => reversePath !== '');
      expect(delivered?.recipients.map(({ forwardPath }) => forwardPath)).toEqual([
        'somebody@else.example',
      ]);
      expect(report?.recipients.map(({ forwardPath }) => forwardPath)).toEqual([
        'erp@velosi.example',
      ]);
      expect(field(report?.body ?? Buffer.alloc(0), 'Content-Type')).toMatch(/multipart\/report/);
      expect(report?.body.toString()).toContain('Final-Recipient: rfc822; nobody@else.example');
    });
  });

  test('a wrong password holds its account and bounces nothing; the other account works on', async () => {
    chain = await openChain(kind, { ...passwords, 'erp@velosi.example': 'not this one' });
    await chain.send('erp@velosi.example', ['a@else.example'], 'waits');
    const held = await chain.relayd.event('account.held');
    expect(held).toMatchObject({ account: 'velosi', reason: 'credentials' });
    await chain.send('mail@alliance.example', ['b@else.example'], 'goes');
    const messages = await chain.destination.taken(1, 40_000);
    expect(messages.map(({ reversePath }) => reversePath)).toEqual(['mail@alliance.example']);
    const { stdout } = await chain.relayd.relayctl('queue', 'list', '--json');
    expect(stdout).toContain('a@else.example');
  });
});
