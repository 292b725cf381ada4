import { afterEach, expect, test } from 'vitest';
import { type TraceLine, Traces } from '../../../src/delivery/traces.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(auth: 'plain' | 'login'): Promise<TraceLine[]> {
  const username = 'user@relay.test';
  const password = `password of ${username}`;
  upstream = await startUpstream({
    tls: 'none',
    accounts: { [username]: password },
    mechanisms: [auth.toUpperCase()],
  });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { username, auth })]));
  await rig.delivery.resume();
  const lines: TraceLine[] = [];
  rig.delivery.traces.watch('a', (line) => lines.push(line));
  rig.delivery.traces.watch('b', () => {
    throw new Error('another account was told');
  });
  return lines;
}

test.each([
  ['plain', ['AUTH PLAIN [secret]']],
  ['login', ['AUTH LOGIN', '[secret]', '[secret]']],
] as const)('the dialogue without secrets and message, %s', async (auth, login) => {
  const lines = await open(auth);
  await rig.submit({ body: Buffer.from('Subject: s\r\n\r\nprivate words\r\n') });
  await rig.event('message.completed');
  const sent = lines.filter(({ is }) => is === 'sent').map(({ text }) => text);
  expect(sent).toEqual([
    'EHLO relay.test',
    ...login,
    expect.stringMatching(/^MAIL FROM:<from@example.org>/),
    expect.stringMatching(/^RCPT TO:<to@example.net>/),
    'DATA',
    expect.stringMatching(/^\[\d+ bytes of message\]$/),
  ]);
  const everything = JSON.stringify(lines);
  const password = 'password of user@relay.test';
  for (const secret of [password, Buffer.from(password).toString('base64'), 'private words']) {
    expect(everything).not.toContain(secret);
  }
  const received = lines.filter(({ is }) => is === 'received').map(({ text }) => text.slice(0, 3));
  const challenges = login.length === 1 ? [] : login.slice(1).map(() => '334');
  expect(received).toEqual(['220', '250', ...challenges, '235', '250', '250', '354', '250']);
  expect(lines[0]).toMatchObject({ is: 'note', account: 'a', connection: 1 });
  await rig.delivery.drain(0);
  const notes = lines.filter(({ is }) => is === 'note').map(({ text }) => text);
  expect(notes.at(-1)).toBe('closed: stopping');
});

test('a connection that was open before the trace began is seen as well', async () => {
  await open('plain');
  await rig.submit();
  await rig.event('message.completed');
  const lines: TraceLine[] = [];
  const stop = rig.delivery.traces.watch(null, (line) => lines.push(line));
  const id = await rig.submit();
  await rig.event('message.completed', (event) => event.id === id);
  expect(lines[0]?.text).toMatch(/^MAIL/);
  stop();
  const seen = lines.length;
  await rig.submit();
  await rig.until(() => rig.all('message.completed').length === 3, 'the third');
  expect(lines).toHaveLength(seen);
});

test('nobody looks on: nothing is told; long lines are cut', () => {
  const traces = new Traces(() => 5);
  const tap = traces.tap('a');
  expect(tap.live).toBe(false);
  const lines: TraceLine[] = [];
  traces.watch(null, (line) => lines.push(line));
  expect(tap.live).toBe(true);
  tap.tell('received', 'x'.repeat(5_000));
  expect(lines[0]?.text).toHaveLength(1_000 + '… (4000 characters more)'.length);
});
