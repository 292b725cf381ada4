import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import type { App, Letter, Target } from './apps/app.ts';
import { curl, msmtp, swaks } from './apps/command-line.ts';
import { nodemailer } from './apps/nodemailer.ts';
import { django, smtplib } from './apps/python.ts';
import { parts, trickyMessage, unixMessage } from './message.ts';

const apps: readonly App[] = [swaks, smtplib, django, nodemailer, curl, msmtp];
const from = 'shop@velosi.example';
const to = ['ada@else.example', 'grace@else.example'];

const directory = mkdtempSync(join(tmpdir(), 'relayd-apps-'));
const caFile = join(directory, 'ca.pem');
let upstream: Upstream;
let relayd: Daemon;

beforeAll(async () => {
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: ['localhost', '127.0.0.1'] });
  writeFileSync(caFile, ca.certificate);
  writeFileSync(join(directory, 'cert.pem'), pair.certificate);
  writeFileSync(join(directory, 'key.pem'), pair.key);
  const accounts = { 'erp@velosi.example': 'velosi-password', apikey: 'other-password' };
  upstream = await startUpstream({ accounts, pair });
  const account = (username: keyof typeof accounts) => ({
    host: 'localhost',
    port: upstream.port,
    username,
    password: accounts[username],
    identities: ['*'],
    tls: { ca: caFile },
  });
  relayd = await startDaemon({
    config: {
      listeners: [
        { listen: '127.0.0.1:0' },
        {
          listen: '127.0.0.1:0',
          tls: 'starttls',
          certificate: join(directory, 'cert.pem'),
          key: join(directory, 'key.pem'),
        },
      ],
      limits: { auth_failures: '100/m' }, // every app tries a wrong password once, some by several mechanisms
      clients: { app: { password: 'app password with spaces', senders: ['@velosi.example'] } },
      accounts: { other: account('apikey'), velosi: account('erp@velosi.example') },
      routes: [
        { sender: '@velosi.example', accounts: ['velosi'] },
        { sender: '*', accounts: ['other'] },
      ],
    },
  });
});

afterAll(async () => {
  await relayd?.close();
  await upstream?.close();
  await rm(directory, { recursive: true });
});

function letter(subject: string, compose = trickyMessage): Letter {
  const message = compose({ from, to: to[0] ?? '', subject });
  const file = join(directory, `${subject}.eml`);
  writeFileSync(file, message);
  return { from, to, message, file };
}

const target = (tls: string, password = 'app password with spaces'): Target => ({
  host: '127.0.0.1',
  port: relayd.ports[tls === 'starttls' ? 1 : 0] ?? 0,
  username: 'app',
  password,
  caFile: tls === 'starttls' ? caFile : null,
});

describe.each(['none', 'starttls'])('over a listener with tls: %s', (tls) => {
  test.each(apps)('$name sends: envelope, account and body are right', async (app) => {
    const taken = upstream.messages.length;
    const own = letter(`${tls}-${apps.indexOf(app)}`);
    const meant = (await app.send(target(tls), own)) ?? own.message;
    const message = (await upstream.taken(taken + 1)).at(-1);
    expect(message?.authenticatedAs).toBe('erp@velosi.example');
    expect(message?.reversePath).toBe(from);
    expect(message?.recipients.map(({ forwardPath }) => forwardPath)).toEqual(to);
    const arrived = parts(message?.body ?? Buffer.alloc(0));
    expect(arrived.content.toString()).toBe(parts(meant).content.toString());
    expect(arrived.header).toMatch(/^Received: from /);
    expect(arrived.header).not.toMatch(/^Bcc:/im);
  });

  test.each(apps)('$name is told when its password is wrong', async (app) => {
    const taken = upstream.messages.length;
    const own = letter(`refused-${tls}-${apps.indexOf(app)}`);
    await expect(app.send(target(tls, 'wrong'), own)).rejects.toThrow();
    expect(upstream.messages.length).toBe(taken);
  });
});

test.each([curl, smtplib])('$name sends bare LFs: they become line ends', async (app) => {
  const taken = upstream.messages.length;
  await app.send(target('none'), letter(`unix-${apps.indexOf(app)}`, unixMessage));
  const message = (await upstream.taken(taken + 1)).at(-1);
  const { content } = parts(message?.body ?? Buffer.alloc(0));
  expect(content.toString()).toBe('one line\r\n\r\nGröße\r\nthe end\r\n');
});
