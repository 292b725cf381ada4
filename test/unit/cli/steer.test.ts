import { expect, test } from 'vitest';
import type { TraceLineReport } from '../../../src/control/steering-reports.ts';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import type { HoldRule } from '../../../src/relay/steering.ts';
import { hour, minute, nowMs, relayctl } from './harness.ts';

const pause = { reason: 'new firewall', sinceMs: nowMs - 5 * minute, untilMs: nowMs + minute };
const open = { ...pause, untilMs: null };
const rule: HoldRule = {
  id: 3,
  sender: '@staging.example',
  client: null,
  recipient: null,
  account: 'gmail',
  reason: 'load test',
  sinceMs: nowMs - minute,
  untilMs: nowMs + 2 * hour,
  keep: false,
};

test('pause: with an end, without, and as JSON', async () => {
  const daemon: Partial<ControlHandlers> = {
    'relay.pause': async ({ forMs }) => ({ was: null, now: forMs === null ? open : pause }),
  };
  const line = ['pause', '--reason', 'new firewall', '--for', '30m'];
  const ended = await relayctl(line, { daemon });
  expect(ended.asked).toEqual([['relay.pause', { reason: 'new firewall', forMs: 30 * minute }]]);
  expect(ended.out).toBe(
    'All delivery is paused until 2026-11-21 12:01:00 UTC. Mail is still taken.\n',
  );
  const forGood = await relayctl('pause', { daemon });
  expect(forGood.asked).toEqual([
    ['relay.pause', { reason: 'paused by an operator', forMs: null }],
  ]);
  expect(forGood.out).toBe('All delivery is paused until relayctl resume. Mail is still taken.\n');
  const json = await relayctl('pause --json', { daemon });
  expect(JSON.parse(json.out)).toEqual({ was: null, now: open });
  expect((await relayctl('pause --for soon', { daemon })).exitCode).toBe(64);
});

test('resume: what was paused, and when nothing was', async () => {
  const was = async () => ({ was: pause });
  const resumed = await relayctl('resume', { daemon: { 'relay.resume': was } });
  expect(resumed.out).toBe('Delivery goes on; it was paused for 5m (new firewall).\n');
  const nothing = await relayctl('resume', {
    daemon: { 'relay.resume': async () => ({ was: null }) },
  });
  expect(nothing).toMatchObject({ exitCode: 0, out: expect.stringContaining('was not paused') });
  expect((await relayctl('resume now', { daemon: {} })).exitCode).toBe(64);
});

test('hold add: a rule with all its words', async () => {
  const daemon = { 'hold.add': async () => ({ rule }) };
  const line = 'hold add --sender @staging.example --account gmail --for 2h --reason launch';
  const ran = await relayctl(line, { daemon });
  expect(ran.asked).toEqual([
    [
      'hold.add',
      {
        sender: '@staging.example',
        client: null,
        recipient: null,
        account: 'gmail',
        reason: 'launch',
        forMs: 2 * hour,
        keep: false,
      },
    ],
  ]);
  expect(ran.out).toBe(
    'Hold rule 3: sender @staging.example, account gmail, until 2026-11-21 14:00:00 UTC; ' +
      'its mail then goes.\n',
  );
});

test.each([
  ['hold add', 'hold add needs --sender'],
  ['hold add --reason x', 'hold add needs --sender'],
  ['hold add --client x --for ever', 'A duration is written like'],
  ['hold add --client x --for 0s', 'It must be longer than nothing'],
  ['pause --for 0s', 'It must be longer than nothing'],
  ['loglevel debug --for 0m', 'It must be longer than nothing'],
  ['hold remove', 'missing required argument'],
  ['hold remove all', 'A hold rule has a number'],
  ['loglevel loud', 'Allowed choices are trace, debug'],
  ['loglevel --for 10m', '--for needs a level'],
  ['trace --for 2h', '--for must be between 1s and 1h'],
  ['trace --for 0s', '--for must be between 1s and 1h'],
  ['top --sort size', 'Allowed choices are queued'],
  ['queue flush --plan 1n8f3k2x0q4 1n8f3k2x0q5', 'takes filters or one message id'],
])('%s is a usage error', async (line, text) => {
  const ran = await relayctl(line, { daemon: {} });
  expect(ran).toMatchObject({ exitCode: 64, out: '' });
  expect(ran.err).toContain(text);
});

test('hold list: the rules, and none', async () => {
  const rules = [rule, { ...rule, id: 4, untilMs: null, keep: true, account: null }];
  const ran = await relayctl('hold list', { daemon: { 'hold.list': async () => ({ rules }) } });
  expect(ran.out).toBe(
    [
      'RULE  AGE  ENDS   THEN        MAIL                                    REASON',
      '   3   1m  in 2h  goes        sender @staging.example, account gmail  load test',
      '   4   1m  never  stays held  sender @staging.example                 load test',
      '',
    ].join('\n'),
  );
  const none = await relayctl('hold list', {
    daemon: { 'hold.list': async () => ({ rules: [] }) },
  });
  expect(none.out).toContain('No hold rules.');
});

test.each([
  [
    { rule, recipients: 3, messages: 2 },
    'Hold rule 3 has ended. Released: 3 recipients of 2 messages.\n',
  ],
  [{ rule, recipients: 0, messages: 0 }, 'Hold rule 3 has ended; it held nothing.\n'],
  [
    { rule: { ...rule, keep: true }, recipients: 0, messages: 0 },
    'Hold rule 3 has ended; what it held stays held: relayctl queue list --state held\n',
  ],
])('hold remove %#', async (ended, text) => {
  const ran = await relayctl('hold remove 3', { daemon: { 'hold.remove': async () => ended } });
  expect(ran.asked).toEqual([['hold.remove', { id: 3, keep: false }]]);
  expect(ran.out).toBe(text);
});

test('hold remove of one that is not there', async () => {
  const daemon = {
    'hold.remove': async () => {
      throw new ControlError('not-found', 'no hold rule 9; there is: 3');
    },
  };
  const ran = await relayctl('hold remove 9', { daemon });
  expect(ran).toMatchObject({ exitCode: 65, err: 'relayctl: no hold rule 9; there is: 3\n' });
});

test.each([
  ['loglevel', { level: 'info', configured: 'info', untilMs: null }, 'The log has level info.\n'],
  [
    'loglevel debug',
    { level: 'debug', configured: 'info', untilMs: null },
    'The log has level debug until the next start; relay.yaml says info.\n',
  ],
  [
    'loglevel debug --for 10m',
    { level: 'debug', configured: 'info', untilMs: nowMs + 10 * minute },
    'The log has level debug until 2026-11-21 12:10:00 UTC, then info.\n',
  ],
])('%s', async (line, report, text) => {
  const ran = await relayctl(line, { daemon: { 'log.level': async () => report } });
  expect(ran).toMatchObject({ exitCode: 0, out: text });
});

const lines: TraceLineReport[] = [
  { atMs: nowMs, account: 'gmail', connection: 7, is: 'note', text: 'connecting to a:587' },
  { atMs: nowMs + 12, account: 'gmail', connection: 7, is: 'sent', text: 'EHLO relay' },
  { atMs: nowMs + 40, account: 'gmail', connection: 7, is: 'received', text: '250-a\n250 \x1b[2J' },
];

test('trace: commands and replies as they come, safe for a terminal', async () => {
  const daemon: Partial<ControlHandlers> = {
    trace: async (_, outlet) => {
      for (const line of lines) outlet.send(line);
      return { lines: 3, dropped: 2, why: 'time' };
    },
  };
  const ran = await relayctl('trace --account gmail --for 10s', { daemon });
  expect(ran.asked).toEqual([['trace', { account: 'gmail', forMs: 10_000 }]]);
  expect(ran.out).toBe(
    [
      '12:00:00.000 gmail#7 * connecting to a:587',
      '12:00:00.012 gmail#7 > EHLO relay',
      '12:00:00.040 gmail#7 < 250-a',
      '12:00:00.040 gmail#7 < 250 \\x1b[2J',
      '',
    ].join('\n'),
  );
  expect(ran.err).toBe(
    'relayctl: the trace has ended, the time is over: 3 lines, 2 lost because the reader was too slow.\n',
  );
  const json = await relayctl('trace --json', { daemon });
  expect(
    json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(lines);
});

test('trace: nothing happened, and an account that is not there', async () => {
  const quiet = async () => ({ lines: 0, dropped: 0, why: 'time' as const });
  const ran = await relayctl('trace', { daemon: { trace: quiet } });
  expect(ran).toMatchObject({ exitCode: 0, out: '' });
  expect(ran.err).toContain('No connection had anything to say.');
  const unknown = (): never => {
    throw new ControlError('not-found', 'no account x');
  };
  const missing = await relayctl('trace --account x', { daemon: { trace: unknown } });
  expect(missing).toMatchObject({ exitCode: 65, err: 'relayctl: no account x\n' });
});
