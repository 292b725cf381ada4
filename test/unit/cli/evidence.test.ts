import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { redactAddresses } from '../../../src/cli/redact-addresses.ts';
import type { EvidenceReport } from '../../../src/control/evidence-report.ts';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import { hour, message, messageId, nowMs, relayctl } from './harness.ts';

const reply = '550 5.1.1 <Kim.Lee@example.net>: kim.lee unknown';
const report: EvidenceReport = {
  version: '0.1.0',
  node: 'v24.21.0',
  hostname: 'relay.velosi.example',
  nowMs,
  entry: {
    queued: null,
    history: {
      message: message({
        recipients: ['kim.lee@example.net'],
        routeHeaders: { 'x-kind': 'payroll' },
      }),
      settledAtMs: nowMs - hour,
      recipients: [
        { index: 0, outcome: 'bounced', reason: 'recipient', text: reply, atMs: nowMs - hour },
      ],
      attempts: [
        {
          account: 'gmail',
          authenticatedAs: 'erp@velosi.example',
          startedAtMs: nowMs - hour - 812,
          tookMs: 812,
          tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
          peer: 'smtp.gmail.com[192.0.2.1]:587',
          results: [{ index: 0, outcome: 'bounced', text: reply }],
          phase: 'rcpt',
        },
      ],
      dialogues: [
        {
          account: 'gmail',
          startedAtMs: nowMs - hour - 812,
          lines: [
            '< 220 smtp.gmail.com',
            '> AUTH PLAIN [secret]',
            '> RCPT TO:<kim.lee@example.net>',
            `< ${reply}`,
          ],
        },
      ],
    },
  },
  accounts: [
    {
      name: 'gmail',
      provider: 'gmail',
      server: 'smtp.gmail.com:587',
      username: 'erp@velosi.example',
      tls: 'starttls, verify full, at least TLSv1.2',
      state: { is: 'open' },
      quota: [{ rate: '500/d', used: 312 }],
      certificate: {
        fingerprint: 'AB:CD',
        subject: 'CN=smtp.gmail.com',
        issuer: 'CN=WR2',
        names: ['smtp.gmail.com'],
        validFromMs: nowMs - 100 * hour,
        validToMs: nowMs + 100 * hour,
        pin: 'pin',
        chain: [{ subject: 'CN=WR2', validToMs: nowMs + 200 * hour, pin: 'other' }],
        firstSeenAtMs: nowMs,
        lastSeenAtMs: nowMs,
        announcedDays: null,
      },
    },
  ],
  rules: [
    {
      account: 'gmail',
      phase: 'rcpt',
      reply,
      source: 'gmail, rule 12',
      pattern: 'unknown$',
      verdict: { scope: 'recipient', action: 'bounce', reason: 'recipient' },
    },
  ],
};
const daemon: Partial<ControlHandlers> = { evidence: async () => report };

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'evidence-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 'ticket.txt');
}

test('the bundle in words', async () => {
  const { out, asked } = await relayctl(`evidence ${messageId}`, { daemon });
  expect(asked).toEqual([['evidence', { id: messageId }]]);
  expect(out).toMatchInlineSnapshot(`
    "Message:    1n8f3k2x0q4
    Message-ID: <1@velosi.example>
    Size:       4096 bytes
    Relay:      relay.velosi.example, relayd 0.1.0, Node v24.21.0
    Written:    2026-11-21 12:00:00 UTC

    What happened
    -------------
    1n8f3k2x0q4  erp@velosi.example -> kim.lee@example.net  <1@velosi.example>
      2026-11-21 09:46:00 UTC  accepted   from velosi, 4KiB
      2026-11-21 11:00:00 UTC  bounced    kim.lee@example.net, account gmail: 550 5.1.1 <Kim.Lee@example.net>: kim.lee unknown
      2026-11-21 11:00:00 UTC  completed

    Attempts
    --------
    Account:      gmail
    Began:        2026-11-21T10:59:59.188Z, took 812 ms
    Server:       smtp.gmail.com[192.0.2.1]:587
    TLS:          TLSv1.3 TLS_AES_256_GCM_SHA384
    Logged in as: erp@velosi.example
    Ended at:     rcpt
    Reply:        550 5.1.1 <Kim.Lee@example.net>: kim.lee unknown

    Dialogues of failed attempts
    ----------------------------
    Account gmail, 2026-11-21T10:59:59.188Z
      < 220 smtp.gmail.com
      > AUTH PLAIN [secret]
      > RCPT TO:<kim.lee@example.net>
      < 550 5.1.1 <Kim.Lee@example.net>: kim.lee unknown

    How the replies are read now
    ----------------------------
    Reply:    550 5.1.1 <Kim.Lee@example.net>: kim.lee unknown
    Account:  gmail
    Answered: rcpt
    Read by:  gmail, rule 12: /unknown$/
    Concerns: the recipient (recipient)
    Action:   bounce

    Accounts
    --------
    Account:     gmail
    Provider:    gmail
    Server:      smtp.gmail.com:587
    Username:    erp@velosi.example
    State:       open
    Used now:    312 of 500/d
    TLS policy:  starttls, verify full, at least TLSv1.2
    Certificate: CN=smtp.gmail.com
    Valid:       2026-11-17 08:00:00 UTC to 2026-11-25 16:00:00 UTC
    SHA-256:     AB:CD
    Issued by:   CN=WR2
    Above it:    CN=WR2, valid to 2026-11-29 20:00:00 UTC
    "
  `);
});

test('--redact hides every local part, and keeps people apart', async () => {
  for (const json of ['', ' --json']) {
    const { out } = await relayctl(`evidence ${messageId} --redact${json}`, { daemon });
    expect(out).not.toMatch(/kim\.lee/i);
    expect(out).not.toMatch(/erp@/);
    expect(out).toContain('RCPT TO:<redacted-1@example.net>');
    expect(out).toContain('<redacted-1@example.net>: redacted-1 unknown');
    // By it the provider finds the message.
    expect(out).toContain('<1@velosi.example>');
  }
});

test('--json leaves out what routes looked at in the header', async () => {
  const { out } = await relayctl(`evidence ${messageId} --json`, { daemon });
  expect(out).not.toContain('payroll');
  expect(JSON.parse(out)).toMatchObject({
    version: '0.1.0',
    rules: [{ source: 'gmail, rule 12' }],
  });
});

test('--out writes a file for oneself only, and never over another', async () => {
  const file = temporaryFile();
  const wrote = await relayctl(`evidence ${messageId} --out ${file}`, { daemon });
  expect(wrote).toMatchObject({ exitCode: 0, out: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('gmail, rule 12');
  writeFileSync(file, 'mine');
  const again = await relayctl(`evidence ${messageId} --out ${file}`, { daemon });
  expect(again).toMatchObject({ exitCode: 73 });
  expect(again.err).toContain('it exists already');
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('an unknown message, no message and no daemon', async () => {
  const none: Partial<ControlHandlers> = {
    evidence: async () => {
      throw new ControlError('not-found', `no message ${messageId} in the queue or the history`);
    },
  };
  const unknown = await relayctl(`evidence ${messageId}`, { daemon: none });
  expect(unknown.err).toContain('no message 1n8f3k2x0q4');
  expect(unknown.exitCode).not.toBe(0);
  expect((await relayctl('evidence', { daemon })).exitCode).toBe(64);
  expect((await relayctl('evidence nothing', { daemon })).exitCode).toBe(64);
  expect((await relayctl(`evidence ${messageId}`)).exitCode).toBe(69);
});

test('local parts of one letter are hidden only in addresses', () => {
  const hidden = redactAddresses(
    ['a@x.example is a person', '"a b"@x.example', 'b@y.example a@Z'],
    ['a@x.example'],
  );
  expect(hidden[0]).toBe('redacted-1@x.example is a person');
  expect(hidden[1]).not.toContain('a b"@');
  expect(hidden[2]).toBe('redacted-3@y.example redacted-1@Z');
});
