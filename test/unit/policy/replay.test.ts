import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordedMessage } from '../../../src/policy/recorded-way.ts';
import { openReplay, type ReplayReport, replayGroupsMax } from '../../../src/policy/replay.ts';
import { messageIdFromNumber } from '../../../src/relay/message-id.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { settingsOf } from '../config/temporary-file.ts';

const base = `
listeners: [{listen: 127.0.0.1:587, account_login: true}]
clients:
  shop: {password: x, senders: ["@shop.example"]}
  any: {password: x, senders: ["*"]}
accounts:
  gmail: {host: g.example, username: erp@shop.example, password: x}
  ses: {host: s.example, username: AKIA, password: x, identities: ["@shop.example"]}
routes:
  - {sender: erp@shop.example, accounts: [gmail]}
  - {sender: "@shop.example", accounts: [ses]}
  - {sender: "@drop.example", discard: true}
`;

const recorded = (some: Partial<RecordedMessage> = {}): RecordedMessage => ({
  id: messageIdFromNumber(7),
  client: 'shop',
  reversePath: 'erp@shop.example',
  recipients: ['a@b.example'],
  from: 'erp@shop.example',
  alsoFrom: [],
  boundAccount: null,
  routeSender: null,
  routeHeaders: {},
  acceptedAtMs: 1,
  bytes: 2_000,
  waiting: false,
  ...some,
});

async function replay(
  change: (text: string) => string,
  messages: readonly RecordedMessage[] = [recorded()],
): Promise<ReplayReport> {
  const run = openReplay(await settingsOf(base), await settingsOf(change(base)));
  for (const message of messages) run.add(message);
  return run.report();
}

/** The changes of each group, as `account: gmail -> ses`. */
const changes = ({ groups }: ReplayReport): string[] =>
  groups.map((group) =>
    group.changes.map(({ what, before, after }) => `${what}: ${before} -> ${after}`).join('; '),
  );

const route = (line: string) => (text: string) =>
  text.replace('routes:\n', `routes:\n  - ${line}\n`);

test('the same file changes nothing', async () => {
  expect(await replay((text) => text)).toEqual({
    messages: 1,
    recipients: 1,
    waiting: 0,
    changed: 0,
    groups: [],
    undecided: [],
  });
});

test('another account, counted by recipient and message, with samples', async () => {
  const messages = Array.from({ length: 5 }, (_, at) =>
    recorded({
      id: messageIdFromNumber(at),
      recipients: ['a@b.example', 'c@d.example', 'e@keep.example'],
      waiting: at === 0,
    }),
  );
  const report = await replay(
    (text) =>
      route('{sender: erp@shop.example, accounts: [ses]}')(text).replace(
        'routes:\n',
        'routes:\n  - {sender: erp@shop.example, recipient: "@keep.example", accounts: [gmail]}\n',
      ),
    messages,
  );
  expect(changes(report)).toEqual(['account: gmail -> ses']);
  expect(report).toMatchObject({ messages: 5, recipients: 15, waiting: 1, changed: 5 });
  expect(report.groups[0]).toMatchObject({ messages: 5, recipients: 10, waiting: 1 });
  expect(report.groups[0]?.samples).toHaveLength(3);
});

test.each<[string, (text: string) => string, string]>([
  [
    'TLS',
    (text) => text.replace('g.example,', 'g.example, tls: {minimum: TLSv1.3},'),
    'tls: starttls, verify full, at least TLSv1.2 -> starttls, verify full, at least TLSv1.3',
  ],
  [
    'server',
    (text) => text.replace('g.example,', 'g.example, port: 465,'),
    'server: g.example:587 as erp@shop.example -> g.example:465 as erp@shop.example; ' +
      'tls: starttls, verify full, at least TLSv1.2 -> implicit, verify full, at least TLSv1.2',
  ],
  [
    'From',
    route('{sender: "*", accounts: [ses], rewrite: {from: no@shop.example, when: always}}'),
    'account: gmail -> ses; from: as it is -> no@shop.example',
  ],
  [
    'copies',
    route('{sender: "*", accounts: [gmail], bcc: [log@shop.example]}'),
    'copies: none -> log@shop.example',
  ],
  [
    'fallbacks',
    (text) => text.replace('accounts: [gmail]}', 'accounts: [gmail, ses]}'),
    'fallbacks: none -> ses',
  ],
  [
    'the next account where the first may not',
    (text) =>
      text
        .replace('g.example,', 'g.example, identities: [x@shop.example],')
        .replace('accounts: [gmail]}', 'accounts: [gmail, ses]}'),
    'account: gmail -> ses',
  ],
  ['hold', route('{sender: "*", hold: true}'), 'fate: relayed by gmail -> held'],
  [
    'rejection',
    route('{sender: "*", reject: not today}'),
    'fate: relayed by gmail -> refused: not today',
  ],
  [
    'no route',
    (text) =>
      text
        .replace('erp@shop.example, accounts', 'x@y.example, accounts')
        .replace(/ {2}- \{sender: "@shop.*\n/, ''),
    'fate: relayed by gmail -> refused: no route',
  ],
  [
    'client gone',
    (text) => text.replace('  shop:', '  shoq:'),
    'fate: relayed by gmail -> refused: shop may not log in',
  ],
  [
    'senders of the client',
    (text) => text.replace('senders: ["@shop.example"]', 'senders: [x@shop.example]'),
    'fate: relayed by gmail -> refused: the client may not use this reverse-path',
  ],
  [
    'identities of the account',
    (text) => text.replace('g.example,', 'g.example, identities: [x@shop.example],'),
    'fate: relayed by gmail -> refused: no account of its route may send as this sender',
  ],
  [
    'size',
    (text) => `${text}limits: {message_size: 1KiB}\n`,
    'fate: relayed by gmail -> refused: larger than message_size',
  ],
])('a change of fate or way is seen: %s', async (_, change, expected) => {
  expect(changes(await replay(change))).toEqual([expected]);
});

test('what waits was accepted: it is held where new mail would be refused', async () => {
  const messages = [recorded({ waiting: true, bytes: 9_999_999_999 })];
  const without = (text: string) => text.replace(/ {2}- \{sender: (?:erp|"@shop).*\n/g, '');
  expect(changes(await replay(without, messages))).toEqual(['fate: relayed by gmail -> held']);
});

test('mail of an account that logs in itself stays with it; notifications pass no client', async () => {
  const messages = [
    recorded({ client: 'account:ses', boundAccount: 'ses' }),
    recorded({ client: 'relayd', reversePath: '', from: null, routeSender: 'erp@shop.example' }),
  ];
  const toSes = route('{sender: "*", accounts: [ses]}');
  expect(changes(await replay(toSes, messages))).toEqual(['account: gmail -> ses']);
  const closed = (text: string) => text.replace('account_login: true', 'account_login: false');
  expect(changes(await replay(closed, messages))).toEqual([
    'fate: relayed by ses -> refused: ses may not log in',
  ]);
});

test('a header field that nobody recorded is not guessed', async () => {
  const news = route('{sender: "*", header: {X-Stream: news}, accounts: [ses]}');
  const report = await replay(news, [recorded(), recorded({ reversePath: 'x@shop.example' })]);
  expect(report.groups).toEqual([]);
  expect(report.undecided).toMatchObject([{ fields: ['x-stream'], messages: 1 }]);
  const before = await settingsOf(news(base));
  const run = openReplay(before, await settingsOf(news(base).replace('[ses]}', '[gmail]}')));
  run.add(recorded({ routeHeaders: { 'x-stream': 'news' } }));
  expect(changes(run.report())).toEqual(['account: ses -> gmail']);
  expect(run.report().undecided).toEqual([]);
});

test('memory is bounded: groups beyond the limit are one', async () => {
  const senders = Array.from({ length: replayGroupsMax + 20 }, (_, at) => `s${at}@shop.example`);
  const rejects = senders.map((one) => `  - {sender: ${one}, reject: "${one}"}\n`).join('');
  const report = await replay(
    (text) => text.replace('routes:\n', `routes:\n${rejects}`),
    senders.map((reversePath) => recorded({ reversePath, from: reversePath })),
  );
  expect(report.groups).toHaveLength(replayGroupsMax + 1);
  expect(report.groups.at(-1)).toMatchObject({ changes: [], messages: 20 });
});

test('groups add up, and a file against itself never differs', async () => {
  const files: Settings[] = await Promise.all(
    [base, base.replace('[gmail]', '[ses]'), route('{client: any, hold: true}')(base)].map((text) =>
      settingsOf(text),
    ),
  );
  const address = fc.constantFrom('erp@shop.example', 'x@shop.example', 'a@drop.example', '');
  const message = fc.record({
    client: fc.constantFrom('shop', 'any', 'gone'),
    reversePath: address,
    from: fc.option(address.filter((one) => one !== '')),
    recipients: fc.array(fc.constantFrom('a@b.example', 'c@d.example'), {
      minLength: 1,
      maxLength: 4,
    }),
    waiting: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(message), fc.nat(2), fc.nat(2), (messages, left, right) => {
      const [before, after] = [files[left], files[right]];
      if (before === undefined || after === undefined) return;
      const run = openReplay(before, after);
      for (const one of messages) run.add(recorded(one));
      const report = run.report();
      const recipients = report.groups.reduce((sum, group) => sum + group.recipients, 0);
      expect(recipients).toBeLessThanOrEqual(report.recipients);
      expect(report.changed).toBeLessThanOrEqual(report.messages);
      if (left === right) expect(report.groups).toEqual([]);
    }),
  );
});
