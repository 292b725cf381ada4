import { expect, test } from 'vitest';
import { routeReport } from '../../../src/control/route-report.ts';
import type { Account, AccountState } from '../../../src/relay/account.ts';
import type { Client } from '../../../src/relay/client.ts';
import type { Route } from '../../../src/relay/route.ts';

const account = (name: string, identities: readonly string[]): [string, Account] => [
  name,
  { name, host: `${name}.example`, port: 587, identities, limits: {} } as unknown as Account,
];
const route = (some: Partial<Route>): Route => ({
  sender: null,
  client: null,
  recipient: null,
  header: null,
  action: { is: 'accounts', accounts: ['gmail', 'ses'] },
  lifetimeMs: null,
  index: 1,
  line: 10,
  ...some,
});
const client: Client = {
  name: 'velosi',
  password: null,
  networks: [],
  senders: ['@velosi.example'],
  rate: null,
  messageBytesMax: null,
};
const settings = {
  accounts: new Map([account('gmail', ['erp@velosi.example']), account('ses', ['@ses.example'])]),
  clients: new Map([['velosi', client]]),
  routes: [
    route({ client: 'velosi', sender: 'erp@velosi.example' }),
    route({ index: 2, line: 12, sender: '@velosi.example', action: { is: 'reject', text: 'no' } }),
  ],
};
const question = { from: 'erp@velosi.example', to: 'a@b.example', client: 'velosi', headers: {} };

test('accounts come in the order they are tried, with what keeps each from it', () => {
  const held: AccountState = {
    is: 'held',
    reason: 'credentials',
    detail: '',
    sinceMs: 0,
    credentialVersion: '',
  };
  const states = new Map<string, AccountState>([['gmail', held]]);
  const running = { states, taker: ([first = '']: readonly string[]) => first };
  expect(routeReport(settings, question, running)).toMatchObject({
    result: 'accounts',
    route: { index: 1, line: 10 },
    accounts: [
      { name: 'gmail', maySendAs: true, state: held, takes: true },
      { name: 'ses', maySendAs: false, state: { is: 'open' }, takes: false },
    ],
    reply: null,
  });
  expect(routeReport(settings, question, null).accounts.map(({ state }) => state)).toEqual([
    null,
    null,
  ]);
});

test('a sender that is rewritten is one that every account may send as', () => {
  const rewrite = { from: 'n@ses.example', when: 'unauthorized' } as const;
  const edits = { rewrite, add: {}, remove: [] };
  const routes = [route({ edits, bcc: ['log@velosi.example'] })];
  const report = routeReport({ ...settings, routes }, question, null);
  expect(report).toMatchObject({ edits, bcc: ['log@velosi.example'] });
  expect(report.accounts).toMatchObject([
    { name: 'gmail', maySendAs: true, rewrittenTo: null },
    { name: 'ses', maySendAs: true, rewrittenTo: 'n@ses.example' },
  ]);
});

test('without a client, routes of a client do not match and senders are not checked', () => {
  expect(routeReport(settings, { ...question, client: null }, null)).toMatchObject({
    result: 'refused',
    route: { index: 2 },
    reply: '550 5.7.1 no',
  });
});

test('a sender that the client may not use is refused as at MAIL', () => {
  const report = routeReport(settings, { ...question, from: 'x@ses.example' }, null);
  expect(report).toMatchObject({ result: 'refused', route: null });
  expect(report.reply).toMatch(/^553 5\.7\.1 /);
});

test('a client that is not configured is an error', () => {
  expect(() => routeReport(settings, { ...question, client: 'nobody' }, null)).toThrow(
    'no client "nobody" is configured',
  );
});
