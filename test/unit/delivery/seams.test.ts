import { connect } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { afterEach, expect, test } from 'vitest';
import { UpstreamSession } from '../../../src/delivery/session.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

/** What delivery/session.ts uses of nodemailer beyond its documented interface. A failure here: read that file first. */

let upstream: Upstream | null = null;
afterEach(async () => {
  await upstream?.close();
  upstream = null;
});

async function openSession(pipelining: boolean): Promise<UpstreamSession> {
  const extensions = ['SIZE 1000', ...(pipelining ? ['PIPELINING'] : [])];
  upstream = await startUpstream({ tls: 'none', extensions });
  const socket = connect(upstream.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const session = new UpstreamSession({
    library: { connection: socket, host: '127.0.0.1', name: 'relay.test', ignoreTLS: true },
    timeouts: { greetingMs: 1_000, commandMs: 1_000, connectMs: 1_000 },
    inspect: () => null,
    secrets: [],
  });
  await new Promise<void>((resolve, reject) => {
    session.onBroken = (cause) => reject(new Error(JSON.stringify(cause)));
    session.connect(() => resolve());
  });
  return session;
}

test('the library still has the parts that are overridden or used', () => {
  const { prototype } = SMTPConnection as unknown as { prototype: Record<string, unknown> };
  for (const name of [
    '_sendCommand',
    '_processResponse',
    '_upgradeConnection',
    'connect',
    'login',
    'close',
  ]) {
    expect(typeof prototype[name], name).toBe('function');
  }
  const fresh = new SMTPConnection({}) as unknown as Record<string, unknown>;
  expect(fresh._responseActions).toEqual([]);
  expect(fresh._responseQueue).toEqual([]);
  expect(fresh._remainder).toBe('');
  expect(fresh._destroyed).toBe(false);
  expect(fresh._socket).toBe(false);
});

test('replies go to the actions in the order of the commands', async () => {
  const session = await openSession(true);
  expect(session.extensionLines).toEqual(['SIZE 1000', 'PIPELINING']);
  expect(session.phase).toBe('ehlo');
  const replies: string[] = [];
  const done = new Promise<void>((resolve) => {
    for (const last of [false, false, true]) {
      session.expect((raw) => {
        replies.push(raw.slice(0, 3));
        if (last) resolve();
      });
    }
  });
  session.socket.write('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nRSET\r\n');
  await done;
  expect(replies).toEqual(['250', '250', '250']);
  session.leave(100);
});

test('a 421 ends the session after its action had it', async () => {
  const session = await openSession(false);
  upstream?.script([{ at: 'mail', do: { reply: '421 4.3.2 going down' } }]);
  const seen: string[] = [];
  const broken = new Promise((resolve) => {
    session.onBroken = resolve;
  });
  session.expect((raw) => seen.push(raw));
  session.socket.write('MAIL FROM:<a@example.org>\r\n');
  await broken;
  expect(seen).toEqual(['421 4.3.2 going down']);
});

test('a deadline ends a wait and names the phase', async () => {
  const session = await openSession(false);
  const broken = new Promise((resolve) => {
    session.onBroken = resolve;
  });
  session.enter('rcpt', 20);
  expect(await broken).toMatchObject({ from: 'network', phase: 'rcpt', fault: 'timeout' });
  expect(session.socket.destroyed).toBe(true);
});
