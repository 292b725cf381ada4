import { expect, test } from 'vitest';
import type { QueueRow } from '../../../src/relay/queue.ts';
import {
  account,
  heldAccount,
  hour,
  message,
  messageId,
  minute,
  nowMs,
  recipient,
  relayctl,
  row,
} from './harness.ts';

const rows: QueueRow[] = [
  row(),
  row({
    message: message({
      id: '1n8f3k2x0q5' as never,
      recipients: ['one@example.net', 'two@example.net', 'three@example.net', 'four@example.net'],
      bytes: 3_000_000,
      acceptedAtMs: nowMs - hour,
    }),
    recipients: [0, 1, 2, 3].map((index) =>
      recipient({ index, state: index < 3 ? 'leased' : 'held', lane: 'ses', lastText: null }),
    ),
  }),
];
const page = async () => ({ rows, next: null });
const open = { 'account.list': async () => ({ accounts: [] }) };

test('on a wide terminal each message is one line', async () => {
  const { out, exitCode } = await relayctl('queue list', {
    daemon: { 'queue.list': page, ...open },
    columns: 200,
  });
  expect(exitCode).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "ID             AGE    SIZE  ACCOUNT       STATE              NEXT TRY  SENDER              RECIPIENTS                                                      LAST REPLY OR REASON
    1n8f3k2x0q4  2h14m    4KiB  gmail-velosi  waiting            in 4m     erp@velosi.example  a@b.example                                                     421 4.7.0 Try again later, closing connection
    1n8f3k2x0q5     1h  2.9MiB  ses           3 sending, 1 held  -         erp@velosi.example  one@example.net, two@example.net, three@example.net and 1 more

    2 messages, 5 recipients
    "
  `);
});

test('on a narrow terminal nothing is wider than it', async () => {
  const { out } = await relayctl('queue list', {
    daemon: { 'queue.list': page, ...open },
    columns: 80,
  });
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(out).toMatchInlineSnapshot(`
    "ID             AGE    SIZE  ACCOUNT       STATE              NEXT TRY
    1n8f3k2x0q4  2h14m    4KiB  gmail-velosi  waiting            in 4m
      erp@velosi.example -> a@b.example
      421 4.7.0 Try again later, closing connection
    1n8f3k2x0q5     1h  2.9MiB  ses           3 sending, 1 held  -
      erp@velosi.example -> one@example.net, two@example.net and 2 more

    2 messages, 5 recipients
    "
  `);
});

test('an empty queue is said to be empty', async () => {
  const daemon = { 'queue.list': async () => ({ rows: [], next: null }) };
  expect((await relayctl('queue list', { daemon })).out).toBe('No mail in the queue matches.\n');
  expect((await relayctl('queue list --json', { daemon })).out).toBe('{"rows":[],"next":null}\n');
  expect((await relayctl('queue list --ids', { daemon })).out).toBe('');
});

test('every filter reaches the daemon; ages become instants', async () => {
  const { asked } = await relayctl(
    'queue list --account gmail --client erp --sender <> --recipient @b.example ' +
      '--state held,in-doubt --state waiting --older 2h --newer 3d --limit 7 --after 1N8F3K2X0Q4',
    { daemon: { 'queue.list': page, ...open } },
  );
  expect(asked).toEqual([
    [
      'queue.list',
      {
        filter: {
          account: 'gmail',
          client: 'erp',
          sender: '',
          recipient: '@b.example',
          states: ['held', 'in-doubt', 'waiting'],
          olderThanMs: nowMs - 2 * hour,
          newerThanMs: nowMs - 72 * hour,
        },
        after: messageId,
        limit: 7,
      },
    ],
    ['account.list', {}],
  ]);
});

test('a long list is read in pages, and the next page is named', async () => {
  let pages = 0;
  const daemon = {
    'queue.list': async ({ limit }: { limit: number }) => {
      pages += 1;
      return { rows: Array.from({ length: limit }, () => row()), next: messageId };
    },
    ...open,
  };
  const { out, asked } = await relayctl('queue list --limit 1500', { daemon });
  expect(pages).toBe(2);
  expect(asked.map(([, ask]) => ask)).toMatchObject([
    { after: null, limit: 1000 },
    {},
    { after: messageId, limit: 500 },
  ]);
  expect(out).toContain('1500 messages, 1500 recipients; more with --after 1n8f3k2x0q4\n');
});

test('mail of a stopped account goes when the account does', async () => {
  const until = account({ state: paused });
  for (const [state, text] of [
    [heldAccount, 'account held'],
    [until, 'in 10m'],
  ] as const) {
    const daemon = { 'queue.list': page, 'account.list': async () => ({ accounts: [state] }) };
    expect((await relayctl('queue list', { daemon, columns: 200 })).out).toContain(text);
  }
});

test.each([
  [null, 'paused', 'All delivery is paused (new firewall): nothing goes before'],
  [
    nowMs + 2 * hour,
    'in 2h',
    'All delivery is paused (new firewall, until 2026-11-21 14:00:00 UTC)',
  ],
])('while all delivery is paused until %s the list says so', async (untilMs, next, text) => {
  const pause = { reason: 'new firewall', sinceMs: nowMs, untilMs };
  const going = async () => ({ accounts: [], pause });
  const daemon = { 'queue.list': page, 'account.list': going };
  const { out } = await relayctl('queue list', { daemon, columns: 200 });
  expect(out).toMatch(new RegExp(`waiting +${next} `));
  expect(out).toContain(text);
});

const paused = {
  is: 'paused',
  untilMs: nowMs + 10 * minute,
  reason: 'quota',
  detail: '550 5.4.5 Daily limit',
  sinceMs: nowMs,
  strikes: 1,
} as const;

test('--ids prints ids alone', async () => {
  const { out } = await relayctl('queue list --ids', { daemon: { 'queue.list': page, ...open } });
  expect(out).toBe('1n8f3k2x0q4\n1n8f3k2x0q5\n');
});

test('what strangers wrote cannot reach the terminal as control characters', async () => {
  const evil = row({
    message: message({ recipients: ['"\x1b]0;owned\x07"@b.example'] }),
    recipients: [recipient({ lastText: '550 \x1b[2J\x9bcleared' })],
  });
  const daemon = { 'queue.list': async () => ({ rows: [evil], next: null }), ...open };
  for (const [line, columns] of [
    ['queue list', 80],
    ['queue list', 200],
    ['queue list --json', 80],
  ] as const) {
    const { out } = await relayctl(line, { daemon, columns });
    expect(out.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  }
});

test.each([
  ['queue list --older soon', 'A duration is written like 1h30m or 3d.'],
  ['queue list --limit 0', 'It must be a number from 1 to'],
  ['queue list --state stuck', 'The states are waiting, leased, in-doubt, held, quarantined.'],
  ['queue list --after 12', 'A message id has 11 letters and digits'],
  ['queue list extra', 'too many arguments'],
])('%s is a usage error', async (line, text) => {
  const { exitCode, err, asked } = await relayctl(line, { daemon: {} });
  expect(exitCode).toBe(64);
  expect(err).toContain(text);
  expect(asked).toEqual([]);
});

test('without a daemon: one line and exit code 69', async () => {
  const { exitCode, err, out } = await relayctl('queue list --socket /run/x.sock', {
    daemon: null,
  });
  expect(exitCode).toBe(69);
  expect(err).toBe('relayctl: relayd is not running: there is no socket /run/x.sock\n');
  expect(out).toBe('');
});

test('an order and reasons reach the daemon; id is what comes without', async () => {
  const daemon = { 'queue.list': page, ...open };
  const ran = await relayctl('queue list --sort size --reason quota,tls', { daemon });
  const filter = { reasons: ['quota', 'tls'] };
  expect(ran.asked[0]?.[1]).toEqual({ filter, sort: 'size', after: null, limit: 50 });
  const byId = await relayctl('queue list --sort id', { daemon });
  expect(byId.asked[0]?.[1]).toEqual({ filter: {}, after: null, limit: 50 });
  const wrong = await relayctl('queue list --sort colour', { daemon });
  expect(wrong).toMatchObject({ exitCode: 64, err: expect.stringContaining('attempts') });
});

/** Two pages of two and a last one of one. */
const paged = {
  'queue.list': async ({ after }: { after: string | null }) => {
    const first = after === null ? 0 : Number(after.slice(-1)) + 1;
    const ids = [0, 1, 2, 3, 4].slice(first, first + 2).map((at) => `1n8f3k2x0q${at}`);
    const next = first < 4 ? (ids.at(-1) as never) : null;
    return { rows: ids.map((id) => row({ message: message({ id: id as never }) })), next };
  },
  ...open,
};

test('--all prints every page as it comes, in every form', async () => {
  const text = await relayctl('queue list --all', { daemon: paged, columns: 200 });
  expect(text.out.match(/^ID /gm)).toHaveLength(1);
  expect(text.out.match(/^1n8f3k2x0q/gm)).toHaveLength(5);
  expect(text.out).toMatch(/\n\n5 messages, 5 recipients\n$/);
  const ids = await relayctl('queue list --all --ids', { daemon: paged });
  expect(ids.out.split('\n')).toHaveLength(6);
  const json = JSON.parse((await relayctl('queue list --all --json', { daemon: paged })).out);
  expect(json.rows).toHaveLength(5);
  expect(json.next).toBeNull();
  const list = JSON.parse((await relayctl('queue list --all --ids --json', { daemon: paged })).out);
  expect(list).toHaveLength(5);
  const empty = { 'queue.list': async () => ({ rows: [], next: null }) };
  const none = await relayctl('queue list --all --ids --json', { daemon: empty });
  expect(none.out).toBe('[]\n');
});

test.each([
  ['queue list --all --limit 5', '--all and --limit cannot be combined'],
  ['queue list --all --sort size', '--sort size shows the first 10000 at most'],
  ['queue list --limit 10001 --sort due', '--sort due shows the first 10000 at most'],
])('%s is a usage error', async (line, err) => {
  const ran = await relayctl(line, { daemon: {} });
  expect(ran).toMatchObject({ exitCode: 64, err: expect.stringContaining(err) });
});
