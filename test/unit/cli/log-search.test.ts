import { expect, test } from 'vitest';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import type { LogEntry } from '../../../src/relay/log-search.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import { hour, message, messageId, minute, nowMs, recipient, relayctl, row } from './harness.ts';

const settled: LogEntry = {
  queued: null,
  history: {
    message: message({ recipients: ['a@b.example', 'c@d.example'] }),
    settledAtMs: nowMs - hour,
    recipients: [
      {
        index: 0,
        outcome: 'delivered',
        reason: 'ok',
        text: '250 2.0.0 OK',
        atMs: nowMs - 2 * hour,
      },
      {
        index: 1,
        outcome: 'bounced',
        reason: 'expired',
        text: 'too late',
        atMs: nowMs - hour,
        account: 'gmail',
      },
    ],
    attempts: [
      {
        account: 'gmail',
        authenticatedAs: 'erp',
        startedAtMs: nowMs - 2 * hour - 1_000,
        tookMs: 1_000,
        tls: null,
        peer: 'smtp.gmail.com:587',
        results: [
          { index: 0, outcome: 'delivered', text: '250 2.0.0 OK', providerId: 'x-77' },
          { index: 1, outcome: 'deferred', text: '450 4.2.1 try \u001b[31mlater' },
        ],
      },
    ],
    events: [
      { is: 'held', atMs: nowMs - 100 * minute, index: 1, reason: 'operator', text: 'ask Bob' },
      { is: 'released', atMs: nowMs - 90 * minute, index: 1, text: 'ask Bob' },
      { is: 'rerouted', atMs: nowMs - 80 * minute, index: 1, from: 'gmail', to: null },
      { is: 'notified', atMs: nowMs - hour, id: '1n8f3k2x0q5' as MessageId },
    ],
  },
};
const waits: LogEntry = {
  queued: row({
    message: message({ id: '1n8f3k2x0q6' as MessageId, messageIdField: null }),
    recipients: [recipient()],
  }),
  history: null,
};

const daemon = (
  entries: readonly LogEntry[],
  next: MessageId | null = null,
  unindexed = 0,
): Partial<ControlHandlers> => ({
  'log.search': async () => ({ entries, next, unindexed }),
});

test('everything that happened, the newest message first', async () => {
  const { out, exitCode } = await relayctl('log search', { daemon: daemon([waits, settled]) });
  expect(exitCode).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "1n8f3k2x0q6  erp@velosi.example -> a@b.example
      2026-11-21 09:46:00 UTC  accepted   from velosi, 4KiB
      in the queue             waiting    a@b.example, account gmail-velosi, next try in 4m: 421 4.7.0 Try again later, closing connection

    1n8f3k2x0q4  erp@velosi.example -> a@b.example and 1 more  <1@velosi.example>
      2026-11-21 09:46:00 UTC  accepted   from velosi, 4KiB
      2026-11-21 10:00:00 UTC  delivered  a@b.example, account gmail: 250 2.0.0 OK (provider id x-77)
      2026-11-21 10:00:00 UTC  deferred   c@d.example, account gmail: 450 4.2.1 try \\x1b[31mlater
      2026-11-21 10:20:00 UTC  held       c@d.example: ask Bob
      2026-11-21 10:30:00 UTC  released   c@d.example: ask Bob
      2026-11-21 10:40:00 UTC  rerouted   c@d.example: from gmail to no account
      2026-11-21 11:00:00 UTC  notified   the sender was told by message 1n8f3k2x0q5
      2026-11-21 11:00:00 UTC  bounced    c@d.example, account gmail: too late
      2026-11-21 11:00:00 UTC  completed
    "
  `);
});

test('all options become one question', async () => {
  const line =
    'log search 1N8F3K2X0Q4 --message-id <1@v> --sender <> --recipient @b.example --account gmail';
  const more =
    ' --client erp --provider-id x-77 --since 2h --until 2026-11-21 --before 1n8f3k2x0q9 --limit 3';
  const { asked } = await relayctl(line + more, { daemon: daemon([]) });
  const query = {
    id: messageId,
    messageIdField: '<1@v>',
    sender: '<>',
    recipient: '@b.example',
    account: 'gmail',
    client: 'erp',
    providerId: 'x-77',
    sinceMs: nowMs - 2 * hour,
    untilMs: Date.UTC(2026, 10, 21),
  };
  expect(asked).toEqual([['log.search', { query, before: '1n8f3k2x0q9', limit: 3 }]]);
});

test.each([
  ['2026-11-21T14:00', Date.UTC(2026, 10, 21, 14)],
  ['2026-11-21T14:00:30Z', Date.UTC(2026, 10, 21, 14, 0, 30)],
  ['2026-11-21T14:00+02:00', Date.UTC(2026, 10, 21, 12)],
])('--since %s', async (text, sinceMs) => {
  const { asked } = await relayctl(`log search --since ${text}`, { daemon: daemon([]) });
  expect(asked[0]?.[1]).toMatchObject({ query: { sinceMs } });
});

test('short pages are read on until enough was found', async () => {
  const pages = [
    { entries: [settled], next: 'a0000000000', unindexed: 0 },
    { entries: [], next: '90000000000', unindexed: 0 },
    { entries: [waits], next: '80000000000', unindexed: 0 },
  ];
  const answers = {
    'log.search': async () => pages.shift(),
  } as unknown as Partial<ControlHandlers>;
  const { out, asked } = await relayctl('log search --limit 2', { daemon: answers });
  expect(asked.map(([, ask]) => ask)).toMatchObject([
    { before: null, limit: 2 },
    { before: 'a0000000000', limit: 1 },
    { before: '90000000000', limit: 1 },
  ]);
  expect(out).toContain('There is more: add --limit, or --before 80000000000.');
});

test('nothing found, and what could not be looked at', async () => {
  expect((await relayctl('log search', { daemon: daemon([]) })).out).toBe('Nothing was found.\n');
  const { out } = await relayctl('log search', { daemon: daemon([], null, 7) });
  expect(out).toContain('7 older messages of the history not indexed yet');
});

test('--json has the events in their order', async () => {
  const { out } = await relayctl('log search --json', { daemon: daemon([settled]) });
  const { entries, next } = JSON.parse(out);
  expect(next).toBeNull();
  expect(entries[0].events.map(({ what }: { what: string }) => what)).toEqual([
    'accepted',
    'delivered',
    'deferred',
    'held',
    'released',
    'rerouted',
    'notified',
    'bounced',
    'completed',
  ]);
});

test.each([
  '--since soon',
  '--until 2026-13-01',
  '--limit 0',
  '--before nothing',
  'no-id',
  '--limit 10001',
])('log search %s is a mistake', async (option) => {
  expect((await relayctl(`log search ${option}`, { daemon: daemon([]) })).exitCode).toBe(64);
});

test('an unknown account is named, and so is a daemon that is down', async () => {
  const refuses: Partial<ControlHandlers> = {
    'log.search': async () => {
      throw new ControlError('not-found', 'no account gmial; did you mean "gmail"?');
    },
  };
  const unknown = await relayctl('log search --account gmial', { daemon: refuses });
  expect(unknown.err).toContain('did you mean "gmail"?');
  expect(unknown.exitCode).not.toBe(0);
  const down = await relayctl('log search');
  expect(down.err).toContain('relayd is not running');
  expect(down.exitCode).toBe(69);
});
