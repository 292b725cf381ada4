import { expect, test } from 'vitest';
import type { MessageReport } from '../../../src/control/reports.ts';
import { parsePasswordHash, verifyPassword } from '../../../src/lib/password-hash.ts';
import { message, messageId, nowMs, recipient, relayctl } from './harness.ts';

const line = 'send-test --from erp@velosi.example --to me@example.net';
const accepted = async () => ({ id: messageId, account: 'gmail' });

/** The message leaves the queue with this outcome at the third look. */
function settling(outcome: string, text: string): () => Promise<MessageReport> {
  let looks = 0;
  return async () => {
    looks += 1;
    if (looks < 3) {
      return {
        queued: { message: message(), recipients: [recipient()] },
        history: null,
        standIns: [],
      };
    }
    const settled = { index: 0, outcome, reason: 'ok' as const, text, atMs: nowMs };
    const history = { message: message(), settledAtMs: nowMs, recipients: [settled], attempts: [] };
    return { queued: null, history, standIns: [] };
  };
}

test('a test message is sent and its outcome waited for', async () => {
  const ran = await relayctl(line, {
    daemon: {
      'message.send-test': accepted,
      'queue.show': settling('delivered', '250 2.0.0 OK'),
    },
  });
  expect(ran.asked[0]).toEqual([
    'message.send-test',
    { from: 'erp@velosi.example', to: 'me@example.net' },
  ]);
  expect(ran).toMatchObject({
    exitCode: 0,
    out: '1n8f3k2x0q4: delivered through gmail\n  250 2.0.0 OK\n',
  });
});

test('a bounce is exit code 69', async () => {
  const daemon = {
    'message.send-test': accepted,
    'queue.show': settling('bounced', '550 5.1.1 no such user'),
  };
  const ran = await relayctl(`${line} --json`, { daemon });
  expect(ran.exitCode).toBe(69);
  expect(JSON.parse(ran.out)).toEqual({
    id: messageId,
    account: 'gmail',
    outcome: 'bounced',
    text: '550 5.1.1 no such user',
  });
});

test('what is still in the queue at the end is exit code 75, with the last reply', async () => {
  const queued = { message: message(), recipients: [recipient()] };
  const daemon = {
    'message.send-test': accepted,
    'queue.show': async () => ({ queued, history: null, standIns: [] }),
  };
  const ran = await relayctl(`${line} --wait 2s`, { daemon });
  expect(ran.exitCode).toBe(75);
  expect(ran.out).toBe(
    '1n8f3k2x0q4: in the queue through gmail\n' +
      '  421 4.7.0 Try again later, closing connection\n' +
      '  To see more: relayctl queue show 1n8f3k2x0q4\n',
  );
});

test('--no-wait only hands it over', async () => {
  const ran = await relayctl(`${line} --no-wait`, { daemon: { 'message.send-test': accepted } });
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.asked).toHaveLength(1);
});

test('addresses are required; without a daemon: exit code 69', async () => {
  expect((await relayctl('send-test --from a@b.example', { daemon: {} })).exitCode).toBe(64);
  expect((await relayctl(`${line} --wait long`, { daemon: {} })).exitCode).toBe(64);
  expect((await relayctl(line, { daemon: null })).exitCode).toBe(69);
});

test('client password prints a hash that fits the password', async () => {
  const { out, exitCode, sockets } = await relayctl('client password', { password: 'grüße' });
  expect({ exitCode, sockets }).toEqual({ exitCode: 0, sockets: [] });
  const hash = parsePasswordHash(out.trim());
  expect(hash !== null && (await verifyPassword('grüße', hash))).toBe(true);
  const json = await relayctl('client password --json', { password: 'x' });
  expect(JSON.parse(json.out)).toEqual({ password: expect.stringMatching(/^scrypt\$/) });
  expect((await relayctl('client password geheim')).exitCode).toBe(64);
});
