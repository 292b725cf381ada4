import { expect, test } from 'vitest';
import { ControlError } from '../../../src/control/wire.ts';
import {
  account,
  heldAccount,
  message,
  messageId,
  minute,
  nowMs,
  recipient,
  relayctl,
} from './harness.ts';

const twoRecipients = message({ recipients: ['a@b.example', 'gone@b.example'] });
const history = {
  message: twoRecipients,
  settledAtMs: null,
  recipients: [
    {
      index: 1,
      outcome: 'bounced',
      reason: 'recipient' as const,
      text: '550 5.1.1 no such user',
      atMs: nowMs - 60 * minute,
    },
  ],
  attempts: [
    {
      account: 'gmail-velosi',
      authenticatedAs: 'erp@velosi.example',
      startedAtMs: nowMs - 60 * minute,
      tookMs: 1250,
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
      peer: 'smtp.gmail.com:587',
      results: [
        { index: 0, outcome: 'deferred' as const, text: '421 4.7.0 Try again later' },
        { index: 1, outcome: 'bounced' as const, text: '550 5.1.1 no such user' },
      ],
    },
  ],
};

test('a waiting message: each recipient, each attempt, and the account that is in the way', async () => {
  const queued = { message: twoRecipients, recipients: [recipient()] };
  const standIns = [{ account: 'gmail-velosi', insteadOf: 'ses' }];
  const { out, exitCode } = await relayctl(`queue show ${messageId}`, {
    daemon: {
      'queue.show': async () => ({ queued, history, standIns }),
      'account.list': async () => ({ accounts: [heldAccount, account({ name: 'ses' })] }),
    },
    columns: 100,
  });
  expect(exitCode).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "Message:    1n8f3k2x0q4
    Accepted:   2026-11-21 09:46:00 UTC (2h14m ago)
    Expires:    2026-11-25 16:00:00 UTC (in 4d4h)
    Client:     velosi
    Sender:     erp@velosi.example
    From:       erp@velosi.example
    Message-ID: <1@velosi.example>
    Size:       4KiB

    RECIPIENT    STATE    ACCOUNT       ATTEMPTS  NEXT TRY      LAST REPLY OR REASON
    a@b.example  waiting  gmail-velosi         3  account held  421 4.7.0 Try again later, closing connection

    Account gmail-velosi is held for 3h: credentials: 535 5.7.8 Username and Password not accepted
      To set it going: relayctl account resume gmail-velosi

    Account gmail-velosi stands in for ses, which is open: its limits, or it works again

    SETTLED         OUTCOME  WHEN                     REPLY OR REASON
    gone@b.example  bounced  2026-11-21 11:00:00 UTC  550 5.1.1 no such user

    ATTEMPTS
    2026-11-21 11:00:00 UTC  gmail-velosi as erp@velosi.example to smtp.gmail.com:587, TLSv1.3 TLS_AES_256_GCM_SHA384, took 1s250ms
        a@b.example deferred: 421 4.7.0 Try again later
        gone@b.example bounced: 550 5.1.1 no such user
    "
  `);
});

test('what the provider calls the message stands below its reply', async () => {
  const text = '250 Ok 0100-000000';
  const results = [{ index: 0, outcome: 'delivered' as const, text, providerId: '0100-000000' }];
  const attempts = history.attempts.map((attempt) => ({ ...attempt, results }));
  const { out } = await relayctl(`queue show ${messageId}`, {
    daemon: {
      'queue.show': async () => ({ queued: null, history: { ...history, attempts }, standIns: [] }),
    },
  });
  expect(out).toContain(
    "    a@b.example delivered: 250 Ok 0100-000000\n      provider's id: 0100-000000\n",
  );
});

test('what to do about an account stands with what it is', async () => {
  const hint = 'In account "gmail" (relay.yaml, line 3): tls: {pin: ["sha256//AAAA"]}.';
  const state = { ...heldAccount.state, reason: 'tls', hint } as typeof heldAccount.state;
  const held = { ...heldAccount, state };
  const queued = { message: twoRecipients, recipients: [recipient()] };
  const { out } = await relayctl(`queue show ${messageId}`, {
    daemon: {
      'queue.show': async () => ({ queued, history: null, standIns: [] }),
      'account.list': async () => ({ accounts: [held] }),
    },
  });
  expect(out).toContain(`\n  ${hint}\n  To set it going: relayctl account resume gmail-velosi\n`);
});

test('a message that has left the queue needs no accounts', async () => {
  const { out, asked } = await relayctl(`queue show ${messageId}`, {
    daemon: { 'queue.show': async () => ({ queued: null, history, standIns: [] }) },
  });
  expect(asked.map(([request]) => request)).toEqual(['queue.show']);
  expect(out).toContain('gone@b.example  bounced  2026-11-21 11:00:00 UTC  550 5.1.1 no such user');
  expect(out).not.toContain('Expires');
});

test('--json gives the answer as it came', async () => {
  const report = { queued: null, history, standIns: [] };
  const { out } = await relayctl(`queue show ${messageId} --json`, {
    daemon: { 'queue.show': async () => report },
  });
  expect(JSON.parse(out)).toEqual(report);
});

test('an unknown id is exit code 65, also as JSON', async () => {
  const daemon = {
    'queue.show': async () => {
      throw new ControlError('not-found', 'no message 1n8f3k2x0q4');
    },
  };
  expect(await relayctl(`queue show ${messageId}`, { daemon })).toMatchObject({
    exitCode: 65,
    err: 'relayctl: no message 1n8f3k2x0q4\n',
  });
  expect((await relayctl(`--json queue show ${messageId}`, { daemon })).err).toBe(
    '{"error":{"code":"not-found","exitCode":65,"message":"no message 1n8f3k2x0q4"}}\n',
  );
});

test('an id must be given, and be one', async () => {
  expect((await relayctl('queue show', { daemon: {} })).exitCode).toBe(64);
  expect((await relayctl('queue show ../../etc', { daemon: {} })).exitCode).toBe(64);
});

const pause = { reason: 'new firewall', sinceMs: nowMs, untilMs: null };

test.each([
  ['the pause of all delivery', { accounts: [], pause }, 'paused', 'All delivery is paused (new f'],
  ['a held account', { accounts: [heldAccount] }, 'account held', 'relayctl account resume'],
])('%s is why a message waits that is due', async (_, going, next, text) => {
  const queued = { message: message(), recipients: [recipient()] };
  const { out } = await relayctl(`queue show ${messageId}`, {
    daemon: {
      'queue.show': async () => ({ queued, history: null, standIns: [] }),
      'account.list': async () => going,
    },
  });
  expect(out).toMatch(new RegExp(`waiting +gmail-velosi +3 +${next} `));
  expect(out).toContain(text);
});
