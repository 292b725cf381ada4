import { afterEach, expect, test } from 'vitest';
import type { Suppression, SuppressionLookup } from '../../../src/relay/suppression.ts';
import type { Client } from '../../dialogue/client.ts';
import { loggedIn, say } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay | null = null;
let client: Client | null = null;

afterEach(async () => {
  client?.close();
  await relay?.close();
});

const entry: Suppression = {
  address: 'kim@x.example',
  account: null,
  reason: 'bounce',
  detail: '550 5.1.1 gone',
  sinceMs: Date.UTC(2026, 10, 21),
  untilMs: null,
};

async function open(
  account: string | null,
  more: { routes?: readonly object[]; action?: string } = {},
): Promise<(to: string) => Promise<string>> {
  const suppressed: SuppressionLookup = {
    has: (path) => path.startsWith('kim@'),
    find: (path, accounts) => {
      const hit = path.startsWith('kim@') && (account === null || accounts.includes(account));
      return hit ? { ...entry, account } : null;
    },
  };
  const config = (directory: string) => ({
    ...plainConfig(directory, more.routes === undefined ? {} : { routes: more.routes }),
    suppression: { action: more.action ?? 'refuse' },
  });
  const opened = await startRelay({ config, deps: { suppressed } });
  relay = opened;
  const session = await loggedIn(opened.port);
  client = session;
  expect(await say(session, 'MAIL FROM:<a@x.example>')).toMatch(/^250 /);
  return (to) => say(session, `RCPT TO:<${to}>`);
}

const refusal =
  '550 5.1.1 This recipient is suppressed since 2026-11-21 (hard bounce): 550 5.1.1 gone';

test('who is suppressed everywhere is refused with the reason, the others are taken', async () => {
  const rcpt = await open(null);
  expect(await rcpt('kim@x.example')).toBe(refusal);
  expect(await rcpt('lee@x.example')).toMatch(/^250 /);
  expect(relay?.events).toMatchObject([
    { is: 'listener.opened' },
    { is: 'message.refused', reason: 'suppressed', recipient: 'kim@x.example', reply: refusal },
  ]);
});

test('for one account: where the route of the recipient names it', async () => {
  const rcpt = await open('spare');
  expect(await rcpt('kim@x.example')).toMatch(/^250 /);
  expect(await rcpt('kim@spare.example')).toBe(refusal);
});

test('for one account: also where it is the second of the route', async () => {
  const rcpt = await open('spare', { routes: [{ sender: '*', accounts: ['main', 'spare'] }] });
  expect(await rcpt('kim@x.example')).toBe(refusal);
});

test('where the account depends on the message the attempt decides', async () => {
  const routes = [
    { header: { 'X-Stream': 'news' }, accounts: ['spare'] },
    { sender: '*', accounts: ['main'] },
  ];
  const rcpt = await open('main', { routes });
  expect(await rcpt('kim@x.example')).toMatch(/^250 /);
});

test('with drop everybody is taken', async () => {
  const rcpt = await open(null, { action: 'drop' });
  expect(await rcpt('kim@x.example')).toMatch(/^250 /);
});
