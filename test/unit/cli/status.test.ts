import { expect, test } from 'vitest';
import type { StatusReport } from '../../../src/control/reports.ts';
import { account, heldAccount, hour, lane, minute, nowMs, relayctl } from './harness.ts';

const quiet: StatusReport = {
  version: '0.1.0',
  node: 'v24.21.0',
  pid: 4242,
  hostname: 'relay.example.org',
  config: '/etc/relayd/relay.yaml',
  state: 'running',
  startedAtMs: nowMs - 3 * hour,
  nowMs,
  listeners: [{ listen: '127.0.0.1:587', tls: 'none', sessions: 1 }],
  queue: [],
  accounts: [],
  memoryBytes: 120 * 1024 * 1024,
  store: {
    lastMessageNumber: 1,
    schemaVersion: 1,
    bytesOnDisk: 4096,
    commits: 1,
    commitMsTotal: 1,
    commitMsMax: 1,
    batchTotal: 1,
  },
  refusedReload: null,
  pause: null,
  holdRules: [],
};

test('a relay with nothing to do', async () => {
  const { out } = await relayctl('status', { daemon: { status: async () => quiet } });
  expect(out).toMatchInlineSnapshot(`
    "relayd:        0.1.0 running for 3h, pid 4242
    Process:       Node v24.21.0, 120MiB resident
    Host name:     relay.example.org
    Configuration: /etc/relayd/relay.yaml
    Listeners:     127.0.0.1:587 (1 session)
    Queue:         empty
    Store:         4KiB on disk

    No accounts are configured.
    "
  `);
});

const shop = {
  sender: 'shop@b.example',
  detail: '554 Email address is not verified.',
  hint: 'Verify it.',
  sinceMs: nowMs - hour,
};

test('what needs attention is said, with the command that mends it', async () => {
  const busy: StatusReport = {
    ...quiet,
    listeners: [...quiet.listeners, { listen: '[::1]:465', tls: 'implicit', sessions: 0 }],
    queue: [lane(), lane({ state: 'held', recipients: 1 }), lane({ lane: 'ses', state: 'leased' })],
    accounts: [heldAccount, account({ name: 'ses', heldSenders: [shop] })],
    refusedReload: { atMs: nowMs - minute, problems: ['relay.yaml:3:1: hostnam: unknown key'] },
  };
  const { out } = await relayctl('status', {
    daemon: { status: async () => busy },
    columns: 100,
  });
  expect(out).toMatchInlineSnapshot(`
    "relayd:        0.1.0 running for 3h, pid 4242
    Process:       Node v24.21.0, 120MiB resident
    Host name:     relay.example.org
    Configuration: /etc/relayd/relay.yaml
    Listeners:     127.0.0.1:587 (1 session), [::1]:465 implicit (0 sessions)
    Queue:         5 recipients (2 waiting, 1 held, 2 sending), oldest 3h, next try in 4m
    Store:         4KiB on disk

    ACCOUNT       STATE    QUEUED  OLDEST  OPEN  DELIVERED  USED
    gmail-velosi  held 3h       2      3h   1/2  5m ago     312 of 500/d
      credentials: 535 5.7.8 Username and Password not accepted
    ses           open          0       -   1/2  5m ago     312 of 500/d
      may not send as shop@b.example

    Needs attention:
      A reload was refused 1m ago; the former configuration is in force:
        relay.yaml:3:1: hostnam: unknown key
      Account gmail-velosi is held: credentials: 535 5.7.8 Username and Password not accepted
        When it is mended: relayctl account resume gmail-velosi
      Account ses may not send as shop@b.example: 554 Email address is not verified.
        When it is mended: relayctl account resume ses --sender shop@b.example
      1 recipient held: relayctl queue list --state held
    "
  `);
});

test('--json gives the whole report', async () => {
  const { out } = await relayctl('status --json', { daemon: { status: async () => quiet } });
  expect(JSON.parse(out)).toEqual(quiet);
});

test('an argument too many, and no daemon', async () => {
  expect((await relayctl('status now', { daemon: {} })).exitCode).toBe(64);
  expect((await relayctl('status', { daemon: null })).exitCode).toBe(69);
});

test('a pause and hold rules are said', async () => {
  const pause = { reason: 'cable', sinceMs: nowMs - hour, untilMs: nowMs + minute };
  const rule = {
    ...{ id: 1, sender: '@x.example', client: null, recipient: null, account: null },
    ...{ reason: 'x', sinceMs: nowMs, untilMs: null, keep: false },
  };
  const paused = async () => ({ ...quiet, pause, holdRules: [rule] });
  const { out } = await relayctl('status', { daemon: { status: paused } });
  expect(out).toContain(
    '  All delivery is paused for 1h: cable\n    It goes on in 1m, or with: relayctl resume\n',
  );
  expect(out).toContain('  1 hold rule for mail to come: relayctl hold list\n');
});
