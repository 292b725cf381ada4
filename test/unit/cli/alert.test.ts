import { expect, test } from 'vitest';
import type { AlertsReport } from '../../../src/control/alert-wire.ts';
import { minute, nowMs, relayctl } from './harness.ts';

const report: AlertsReport = {
  destinations: [
    {
      name: 'webhook1',
      address: 'https://chat.example/[secret]',
      events: ['trouble', 'message.failed'],
      waiting: 0,
      nextAtMs: null,
      lost: 0,
      last: { atMs: nowMs - 3 * minute, ok: true, detail: 'chat.example answered 200' },
    },
    {
      name: 'command1',
      address: '/usr/local/bin/page-me',
      events: ['account.held'],
      waiting: 12,
      nextAtMs: nowMs + 2 * minute,
      lost: 1,
      last: { atMs: nowMs - minute, ok: false, detail: 'exit code 1: \u001b[31mno modem' },
    },
  ],
  heartbeat: { url: 'https://ping.example/[secret]', everyMs: 5 * minute },
  summary: { to: 'admin@shop.example', atMs: 420 * minute, zone: 'UTC' },
};

test('alert list: destinations, the last try and what waits', async () => {
  const daemon = { 'alert.list': async () => report };
  const { out } = await relayctl('alert list', { daemon, columns: 160 });
  expect(out).toBe(`\
TO        ADDRESS                        EVENTS                  WAITING  NEXT   LAST
webhook1  https://chat.example/[secret]  trouble,message.failed        0  -      3m ago: chat.example answered 200
command1  /usr/local/bin/page-me         account.held                 12  in 2m  1m ago: exit code 1: \\x1b[31mno modem
1 event could not be told and were given up.
heartbeat every 5m to https://ping.example/[secret], a daily summary to admin@shop.example
`);
  const json = await relayctl('alert list --json', { daemon });
  expect(JSON.parse(json.out)).toEqual(report);
});

test('alert list: nobody is told', async () => {
  const nothing = async () => ({ destinations: [], heartbeat: null, summary: null });
  const { out } = await relayctl('alert list', { daemon: { 'alert.list': nothing } });
  expect(out).toBe(
    'No webhooks and no commands: see notifications in relay.yaml.\nno heartbeat, no daily summary\n',
  );
});

test('alert test: what each one answered; exit code 69 when one failed', async () => {
  const good = { name: 'webhook1', ok: true, detail: 'chat.example answered 200' };
  const bad = { name: 'command1', ok: false, detail: 'exit code 1' };
  const daemon = (results: (typeof good)[]) => ({ 'alert.test': async () => ({ results }) });
  const both = await relayctl('alert test', { daemon: daemon([good, bad]) });
  expect(both).toMatchObject({ exitCode: 69, asked: [['alert.test', { to: null }]] });
  expect(both.out).toBe('webhook1: ok, chat.example answered 200\ncommand1: failed, exit code 1\n');
  const one = await relayctl('alert test --to webhook1', { daemon: daemon([good]) });
  expect(one).toMatchObject({ exitCode: 0, asked: [['alert.test', { to: 'webhook1' }]] });
  const none = await relayctl('alert test', { daemon: daemon([]) });
  expect(none.out).toContain('No webhooks and no commands');
});
