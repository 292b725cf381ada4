import { expect, test } from 'vitest';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import { message, messageId, minute, nowMs, relayctl, row } from './harness.ts';

const bytes = 'Subject: \u001b[31mhello\r\n\r\nh\u00ebllo\r\n';

/** In pieces that part the two octets of the e with its dots. */
function reading(some: Partial<Awaited<ReturnType<ControlHandlers['message.read']>>> = {}) {
  const read: ControlHandlers['message.read'] = async (_, { send }) => {
    const all = Buffer.from(bytes);
    const middle = all.indexOf('\u00eb') + 1;
    for (const piece of [all.subarray(0, middle), all.subarray(middle)]) {
      await send({ base64: piece.toString('base64') });
    }
    const rest = { account: 'gmail', recipients: ['a@b.example'], otherVersions: 0 };
    return { bytes: all.length, ...rest, ...some };
  };
  return { 'message.read': read };
}

test.each([
  ['--headers', 'headers'],
  ['--body', 'body'],
  ['--raw', 'raw'],
  ['--headers --body', 'raw'],
])('%s prints bytes as they are', async (options, what) => {
  const ran = await relayctl(`queue show ${messageId} ${options}`, { daemon: reading() });
  expect(ran.asked).toEqual([['message.read', { id: messageId, what, stored: false }]]);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.bytes).toEqual(Buffer.from(bytes));
});

test('on a terminal nothing in a message is obeyed', async () => {
  const ran = await relayctl(`queue show ${messageId} --raw`, {
    daemon: reading(),
    terminal: true,
  });
  expect(ran.out).toBe('Subject: \\x1b[31mhello\n\nh\u00ebllo\n');
});

test('what is not the whole truth is said beside the bytes', async () => {
  const others = { recipients: ['a@b.example', 'c@d.example'], otherVersions: 2 };
  const ran = await relayctl(`queue show ${messageId} --raw`, { daemon: reading(others) });
  expect(ran.err).toBe(
    'relayctl: this goes to a@b.example, c@d.example; other recipients get 2 other versions\n',
  );
  const stored = await relayctl(`queue show ${messageId} --raw`, {
    daemon: reading({ account: null }),
  });
  expect(stored.err).toContain('as it is stored: no configured account');
});

const history = {
  message: message(),
  settledAtMs: nowMs,
  recipients: [
    { index: 0, outcome: 'delivered', reason: 'ok', text: '250 2.0.0 Ok', atMs: nowMs },
  ] as const,
  attempts: [
    {
      account: 'gmail',
      authenticatedAs: 'erp@velosi.example',
      startedAtMs: nowMs - minute,
      tookMs: 250,
      tls: null,
      peer: 'smtp.gmail.example:587',
      results: [
        { index: 0, outcome: 'delivered', text: '250 2.0.0 Ok 1z', providerId: '1z' },
      ] as const,
    },
  ],
  events: [
    { is: 'held', atMs: nowMs - 2 * minute, index: 0, reason: 'operator', text: 'ask Bob' },
  ] as const,
};

test('--log prints all that happened, oldest first', async () => {
  const daemon = { 'queue.show': async () => ({ queued: null, history, standIns: [] }) };
  const ran = await relayctl(`queue show ${messageId} --log`, { daemon });
  expect(ran.out).toMatchInlineSnapshot(`
    "1n8f3k2x0q4  erp@velosi.example -> a@b.example  <1@velosi.example>
      2026-11-21 09:46:00 UTC  accepted   from velosi, 4KiB
      2026-11-21 11:58:00 UTC  held       a@b.example: ask Bob
      2026-11-21 11:59:00 UTC  delivered  a@b.example, account gmail: 250 2.0.0 Ok 1z (provider id 1z)
      2026-11-21 12:00:00 UTC  delivered  a@b.example: 250 2.0.0 Ok
      2026-11-21 12:00:00 UTC  completed
    "
  `);
  const json = await relayctl(`queue show ${messageId} --log --json`, { daemon });
  expect(JSON.parse(json.out)).toMatchObject([
    { what: 'accepted' },
    { what: 'held', recipient: 'a@b.example', text: 'ask Bob' },
    { what: 'delivered', account: 'gmail', providerId: '1z' },
    { what: 'delivered' },
    { what: 'completed' },
  ]);
  const fresh = { 'queue.show': async () => ({ queued: row(), history: null, standIns: [] }) };
  const young = await relayctl(`queue show ${messageId} --log`, { daemon: fresh });
  expect(young.out).toMatch(/accepted .*\n {2}in the queue +waiting {4}a@b\.example/);
});

test('options that do not go together, a message that is gone, no daemon', async () => {
  for (const options of ['--raw --log', '--raw --json', '--headers --json']) {
    const ran = await relayctl(`queue show ${messageId} ${options}`, { daemon: {} });
    expect(ran.exitCode).toBe(64);
  }
  const gone = {
    'message.read': async () => {
      throw new ControlError('not-found', 'its bytes are gone');
    },
  };
  const ran = await relayctl(`queue show ${messageId} --raw`, { daemon: gone });
  expect(ran).toMatchObject({ exitCode: 65, err: 'relayctl: its bytes are gone\n' });
  expect((await relayctl(`queue show ${messageId} --raw`, { daemon: null })).exitCode).toBe(69);
});
