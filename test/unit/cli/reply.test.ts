import { expect, test } from 'vitest';
import { relayctl } from './harness.ts';

const explain = (...words: string[]) => relayctl(['reply', 'explain', ...words]);

test('a daily quota sent as a permanent error is a pause of the account', async () => {
  const words = [
    '--provider',
    'gmail',
    '--phase',
    'rcpt',
    '550 5.4.5 Daily user sending limit exceeded',
  ];
  const ran = await explain(...words);
  expect(ran).toMatchObject({ exitCode: 0, err: '', sockets: [] });
  expect(ran.out).toMatch(/^Read by: +gmail, rule \d+: pause quota \(quota\), by \/daily /m);
  expect(ran.out).toMatch(/^Concerns: +the account; no message is bounced$/m);
  expect(ran.out).toMatch(/^Action: +pause for 1h$/m);
  expect(ran.out).toMatch(/^Another account: +may take the mail$/m);
  expect(ran.out).toMatch(/^Hint: +The daily limit of the Google account/m);
  expect(JSON.parse((await explain(...words, '--json')).out)).toMatchObject({
    provider: 'gmail',
    phase: 'rcpt',
    rule: { action: 'pause quota (quota)' },
    verdict: { scope: 'account', action: 'pause', reason: 'quota', waitsMs: [3_600_000] },
    mayFailOver: true,
  });
});

test.each([
  [
    'cpanel',
    'rcpt',
    '550 Domain d.example has exceeded the max emails per hour (5/5 (100%)) allowed.',
    'pause until the next full hour',
  ],
  [
    'mailgun',
    'end-of-data',
    '421 Domain d.example is not allowed to send: recipient limit exceeded, try again after Sun, 05 Oct 2025 19:22:44 UTC',
    'pause until 2025-10-05 19:22:44 UTC',
  ],
  [
    'mailgun',
    'end-of-data',
    '421 account-requests-per-sec limit exceeded, try again after 120 seconds',
    'pause for 2m',
  ],
  ['gmail', 'rcpt', '452 4.2.2 over quota', 'try again by the schedule'],
  [
    'ses',
    'mail',
    '451 Timeout waiting for data from client',
    'try again at once on a new connection',
  ],
  [
    'ses',
    'end-of-data',
    '454 Throttling failure: Maximum sending rate exceeded',
    'send more slowly; when that is not enough, pause for 5s, then 10s',
  ],
  [
    'microsoft365',
    'mail',
    '432 4.3.2 Concurrent connections limit exceeded.',
    'use one connection less; when that is not enough, pause for 5s',
  ],
  ['ses', 'end-of-data', '552 Message is too long.', 'bounce'],
])('%s at %s: %s', async (provider, phase, reply, action) => {
  const { out } = await explain('--provider', provider, '--phase', phase, reply);
  expect(/^Action: +(.*)$/m.exec(out)?.[1]).toMatch(new RegExp(`^${action}`));
});

test('addresses that a reply lists are compared with sender and recipient', async () => {
  const reply =
    '554 Message rejected: Email address is not verified. The following identities failed the ' +
    'check in region EU-WEST-3: r1@b.example';
  const words = ['--provider', 'ses', '--phase', 'end-of-data', reply, '--from', 'a@v.example'];
  expect((await explain(...words, '--to', 'r1@b.example')).out).toMatch(
    /^Concerns: +the recipient$/m,
  );
  expect((await explain(...words, '--to', 'x@b.example')).out).toMatch(/^Concerns: +the sender/m);
});

test('without a provider, or without a rule of it, the generic order decides', async () => {
  const words = ['--phase', 'rcpt', '550 5.1.1 no such user'];
  const ran = await explain(...words);
  expect(ran.out).toMatch(/^Read by: +the generic rules$/m);
  expect(ran.out).toMatch(/^Action: +bounce$/m);
  expect(ran.out).toMatch(/^Another account: +may not take the mail$/m);
  const json = JSON.parse((await explain('--provider', 'gandi', ...words, '--json')).out);
  expect(json).toMatchObject({ provider: 'gandi', rule: null });
});

test('what is no refusal, no phase, no provider and no argument is refused', async () => {
  for (const reply of ['', '250 fine', 'hello']) {
    expect(await explain('--phase', 'rcpt', reply)).toMatchObject({ exitCode: 64, out: '' });
  }
  expect((await explain('--phase', 'lunch', '550 no')).exitCode).toBe(64);
  expect((await explain('550 no')).err).toContain('--phase');
  expect((await explain('--phase', 'rcpt')).exitCode).toBe(64);
  const ran = await explain('--provider', 'gmial', '--phase', 'rcpt', '550 no');
  expect(ran.exitCode).toBe(65);
  expect(ran.err).toContain('unknown provider gmial');
});
