import { expect, test } from 'vitest';
import { ControlError } from '../../../src/control/wire.ts';
import type { ProbeReport } from '../../../src/relay/probe-report.ts';
import { account, heldAccount, lane, minute, nowMs, relayctl } from './harness.ts';

const paused = account({
  name: 'ses-paris',
  state: {
    is: 'paused',
    reason: 'throttled',
    detail: '454 Throttling failure: Maximum sending rate exceeded',
    sinceMs: nowMs - minute,
    untilMs: nowMs + 4 * minute,
    strikes: 2,
  },
  quota: [],
  lastDeliveredAtMs: null,
});
const accounts = async () => ({ accounts: [heldAccount, paused, account({ name: 'sendgrid' })] });

test('list: one line each, and why below it on a narrow terminal', async () => {
  const daemon = { 'account.list': accounts };
  const { out } = await relayctl('account list', { daemon, columns: 80 });
  expect(out).toMatchInlineSnapshot(`
    "ACCOUNT       STATE          QUEUED  OLDEST  OPEN  DELIVERED  USED
    gmail-velosi  held 3h             2      3h   1/2  5m ago     312 of 500/d
      credentials: 535 5.7.8 Username and Password not accepted
    ses-paris     paused, in 4m       0       -   1/2  -          -
      throttled: 454 Throttling failure: Maximum sending rate exceeded
    sendgrid      open                0       -   1/2  5m ago     312 of 500/d
    "
  `);
  const wide = await relayctl('account list', { daemon, columns: 200 });
  expect(wide.out.trimEnd().split('\n')).toHaveLength(4);
});

test('list and show: when what the limits delay will be out', async () => {
  const delayed = account({ queue: [lane()], outAtMs: nowMs + 3 * 60 * minute });
  const listed = await relayctl('account list', {
    daemon: { 'account.list': async () => ({ accounts: [delayed] }) },
    columns: 80,
  });
  expect(listed.out).toContain('\n  limits.rate: out in 3h\n');
  const at = { file: '/etc/relayd/relay.yaml', line: 5 };
  const rest = {
    ...{ routes: [], handsOverTo: ['ses', 'sendgrid'], standsInFor: [], identities: [] },
    ...{ tls: 'none', exception: null, certificate: null, at },
    credentials: [],
  };
  const shown = await relayctl('account show gmail-velosi', {
    daemon: { 'account.show': async () => ({ account: delayed, ...rest }) },
  });
  expect(shown.out).toMatch(/^Waits for: +limits.rate: out in 3h$/m);
  expect(shown.out).toMatch(/^Hands over to: +ses, sendgrid$/m);
});

test('show: what its upstream makes it keep to', async () => {
  const slowed = account({ connections: { open: 1, max: 5, now: 2 }, pacePerSecond: 13.38 });
  const at = { file: '/etc/relayd/relay.yaml', line: 5 };
  const rest = {
    ...{ routes: [], identities: [], tls: 'none', exception: null, certificate: null, at },
    credentials: [],
    ...{ handsOverTo: [], standsInFor: [] },
  };
  const { out } = await relayctl('account show gmail-velosi', {
    daemon: { 'account.show': async () => ({ account: slowed, ...rest }) },
  });
  expect(out).toMatch(
    /^Connections: +1 of at most 2 \(5 configured; its upstream bears no more now\)$/m,
  );
  expect(out).toMatch(/^Pace: +13\.4\/s, as its upstream asks$/m);
});

test('list: none configured', async () => {
  const daemon = { 'account.list': async () => ({ accounts: [] }) };
  expect((await relayctl('account list', { daemon })).out).toBe('No accounts are configured.\n');
});

test('show: all there is but the password', async () => {
  const { out } = await relayctl('account show gmail-velosi', {
    daemon: {
      'account.show': async () => ({
        account: { ...heldAccount, queue: [lane(), lane({ state: 'in-doubt', recipients: 1 })] },
        routes: [{ index: 1, line: 10, sender: 'erp@velosi.example' }],
        handsOverTo: [],
        standsInFor: [],
        identities: ['erp@velosi.example'],
        tls: 'starttls, verify full, at least TLSv1.2',
        exception: {
          allow: ['expired' as const],
          reason: 'renewal asked for',
          untilMs: Date.UTC(2026, 11, 31),
        },
        certificate: {
          fingerprint: 'AB:CD',
          subject: 'CN=smtp.gmail.com',
          issuer: 'C=US, O=Google Trust Services, CN=WR2',
          names: ['smtp.gmail.com'],
          validFromMs: nowMs - 30 * 1_440 * minute,
          validToMs: nowMs + 12 * 1_440 * minute,
          pin: 'q6fYc=',
          chain: [{ subject: 'CN=WR2', validToMs: Date.UTC(2029, 1, 20), pin: 'YPtHa=' }],
          firstSeenAtMs: nowMs - 1_440 * minute,
          lastSeenAtMs: nowMs - 5 * minute,
          announcedDays: 21,
        },
        credentials: [
          {
            slot: 'password' as const,
            inUse: true,
            version: 'v1',
            firstSeenAtMs: nowMs - 40 * 1_440 * minute,
            lastAcceptedAtMs: nowMs - 190 * minute,
            refusedAtMs: nowMs - 180 * minute,
          },
          {
            slot: 'next_password' as const,
            inUse: false,
            version: 'v2',
            firstSeenAtMs: nowMs - 2 * minute,
            lastAcceptedAtMs: null,
            refusedAtMs: null,
          },
        ],
        at: { file: '/etc/relayd/relay.yaml', line: 5 },
      }),
    },
  });
  expect(out).toMatchInlineSnapshot(`
    "Account:       gmail-velosi
    State:         held for 3h
    Why:           credentials: 535 5.7.8 Username and Password not accepted
    Upstream:      smtp.gmail.com:587
    Provider:      gmail
    Logs in as:    erp@velosi.example
    Password:      in use, known for 40d, accepted 3h10m ago, refused 3h ago
    Next password: known for 2m, not accepted yet
    May send as:   erp@velosi.example
    TLS:           starttls, verify full, at least TLSv1.2
    TLS exception: expired until 2026-12-31 00:00:00 UTC: renewal asked for
    Certificate:   smtp.gmail.com, issued by C=US, O=Google Trust Services, CN=WR2
    Valid until:   2026-12-03 12:00:00 UTC (ends in 12d)
    Pin:           sha256//q6fYc=
    Chain:         CN=WR2 (until 2029-02-20 00:00:00 UTC)
    Last seen:     5m ago
    Queue:         3 recipients (2 waiting, 1 in-doubt), oldest 3h, next try in 4m
    Connections:   1 of at most 2
    Used:          312 of 500/d
    Last delivery: 5m ago
    Routes:        1 (line 10, sender erp@velosi.example)
    Configured at: /etc/relayd/relay.yaml:5
    "
  `);
});

test('hold says what the account was', async () => {
  const daemon = {
    'account.hold': async () => ({ was: { is: 'open' as const }, now: heldAccount.state }),
  };
  const ran = await relayctl(['account', 'hold', 'gmail', '--reason', 'new password'], { daemon });
  expect(ran.asked).toEqual([['account.hold', { name: 'gmail', reason: 'new password' }]]);
  expect(ran.out).toBe('Account gmail is held (it was open).\n');
});

test('resume says what it set in motion', async () => {
  const flushed = { recipients: 5, messages: 4, accountsResumed: ['gmail'], lanes: ['gmail'] };
  const daemon = {
    'account.resume': async () => ({ was: heldAccount.state, flushed, senders: [] }),
  };
  const { out } = await relayctl('account resume gmail', { daemon });
  expect(out).toBe(
    'Account gmail is open (it was held: credentials: 535 5.7.8 Username and Password not accepted).\n' +
      'Set in motion: 5 recipients of 4 messages through gmail.\n',
  );
});

const probe: ProbeReport = {
  account: 'gmail',
  ok: true,
  peer: 'smtp.gmail.com:587 (192.0.2.7)',
  steps: [
    { phase: 'connect', ok: true, detail: '192.0.2.7', tookMs: 12.3 },
    { phase: 'auth', ok: true, detail: '235 2.7.0 Accepted', tookMs: 90 },
  ],
  tls: {
    protocol: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    subject: 'CN=smtp.gmail.com',
    issuer: 'CN=WE2',
    names: ['smtp.gmail.com'],
    validFromMs: nowMs - minute,
    validToMs: nowMs + minute,
    pin: 'sha256//AAAA',
  },
  extensions: ['SIZE 35882577', 'PIPELINING'],
  authenticatedAs: 'erp@velosi.example',
  hint: null,
};

test('test: each step with its reply, and what the certificate is', async () => {
  const { out, exitCode } = await relayctl('account test gmail', {
    daemon: { 'account.test': async () => probe },
  });
  expect(exitCode).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "smtp.gmail.com:587 (192.0.2.7)
    STEP     RESULT  TOOK  REPLY
    connect  ok      12ms  192.0.2.7
    auth     ok      90ms  235 2.7.0 Accepted

    TLS:          TLSv1.3 TLS_AES_256_GCM_SHA384
    Certificate:  CN=smtp.gmail.com, issued by CN=WE2
    Names:        smtp.gmail.com
    Valid:        2026-11-21 11:59:00 UTC to 2026-11-21 12:01:00 UTC
    Pin:          sha256//AAAA
    Extensions:   SIZE 35882577, PIPELINING
    Logged in as: erp@velosi.example

    Account gmail works.
    "
  `);
});

test('test: a failure has a hint and exit code 69', async () => {
  const failed = {
    ...probe,
    ok: false,
    steps: [{ phase: 'auth' as const, ok: false, detail: '535 no', tookMs: 1 }],
    tls: null,
    extensions: [],
    authenticatedAs: null,
    hint: 'make a new app password',
  };
  const daemon = { 'account.test': async () => failed };
  const { out, exitCode } = await relayctl('account test gmail', { daemon });
  expect(exitCode).toBe(69);
  expect(out).toContain('Account gmail does not work.\n  make a new app password\n');
  const json = await relayctl('account test gmail --json', { daemon });
  expect(json.exitCode).toBe(69);
  expect(JSON.parse(json.out)).toEqual(failed);
});

test('login: shows address and code, and waits as long as it is told to', async () => {
  const waits = [5_000, 10_000];
  const daemon = {
    'account.login': async () => ({
      is: 'begun' as const,
      url: 'https://login.example/device',
      userCode: 'WDJB-MJHT',
      completeUrl: null,
      waitMs: 5_000,
      expiresAtMs: nowMs + 15 * minute,
    }),
    'account.login-progress': async () => {
      const waitMs = waits.shift();
      return waitMs === undefined ? { is: 'done' as const } : { is: 'pending' as const, waitMs };
    },
  };
  const ran = await relayctl('account login m365', { daemon });
  expect(ran.err).toBe(
    'To log in m365, open in a browser\n' +
      '  https://login.example/device\n' +
      'and enter the code\n' +
      '  WDJB-MJHT\n' +
      'as the mailbox that sends. The code ends in 15m. Waiting ...\n',
  );
  expect(ran.out).toMatch(/^Account m365 is logged in; /);
  expect(ran.asked.map(([request]) => request)).toEqual([
    'account.login',
    'account.login-progress',
    'account.login-progress',
    'account.login-progress',
  ]);
});

test('login: what the provider refuses is said, with exit code 65', async () => {
  const refuse = async () => {
    throw new ControlError('refused', 'login.example says: access_denied');
  };
  const ran = await relayctl('account login m365', { daemon: { 'account.login': refuse } });
  expect(ran).toMatchObject({ exitCode: 65, err: 'relayctl: login.example says: access_denied\n' });
});

test('test: with --send one message goes through the account, and it says so', async () => {
  const asked: unknown[] = [];
  const steps = [{ phase: 'end-of-data' as const, ok: true, detail: '250 Ok 17', tookMs: 3 }];
  const sent = { from: 'erp@velosi.example', to: 'me@b.example' };
  const daemon = {
    'account.test': async (ask: unknown) => {
      asked.push(ask);
      return { ...probe, steps, sent, ok: asked.length === 1 };
    },
  };
  const { out, exitCode } = await relayctl('account test gmail --send --to me@b.example', {
    daemon,
  });
  expect(asked).toEqual([{ name: 'gmail', send: { from: null, to: 'me@b.example' } }]);
  expect(exitCode).toBe(0);
  expect(out).toContain('end-of-data  ok       3ms  250 Ok 17\n');
  expect(out).toContain(
    'Account gmail works: its upstream took a message from erp@velosi.example to me@b.example.\n',
  );
  const refused = await relayctl('account test gmail --send', { daemon });
  expect(refused).toMatchObject({ exitCode: 69 });
  expect(refused.out).toContain('Account gmail logs in, but could not send a message from erp');
  const without = await relayctl('account test gmail --to me@b.example', { daemon });
  expect(without).toMatchObject({ exitCode: 64 });
});

test.each(['show', 'hold', 'resume', 'test', 'login'] as const)(
  '%s: unknown account, no name, no daemon',
  async (verb) => {
    const refuse = async () => {
      throw new ControlError('not-found', 'no account "gmial"; did you mean "gmail"?');
    };
    const unknown = await relayctl(`account ${verb} gmial`, {
      daemon: { [`account.${verb}`]: refuse },
    });
    expect(unknown).toMatchObject({
      exitCode: 65,
      err: 'relayctl: no account "gmial"; did you mean "gmail"?\n',
    });
    expect((await relayctl(`account ${verb}`, { daemon: {} })).exitCode).toBe(64);
    expect((await relayctl(`account ${verb} gmail`, { daemon: null })).exitCode).toBe(69);
  },
);
