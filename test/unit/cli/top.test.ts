import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import {
  openScreen,
  type Screen,
  type ScreenKey,
  type ScreenProcess,
} from '../../../src/cli/screen.ts';
import { accountRows, topFrame } from '../../../src/cli/top-frame.ts';
import type { TopReport } from '../../../src/control/steering-reports.ts';
import { account, heldAccount, lane, minute, nowMs, relayctl } from './harness.ts';

const still = { perSecond: 0, total: 0 };
const flow = (perSecond: number) => ({
  delivered: { perSecond, total: 9 },
  deferred: still,
  bounced: still,
});
const report: TopReport = {
  nowMs,
  pause: null,
  accounts: [
    account({ pacePerSecond: 13.4, queue: [lane()] }),
    { ...heldAccount, name: 'office365', queue: [] },
    account({ name: 'ses', queue: [lane({ recipients: 40 })], quota: [] }),
  ],
  connections: [
    { account: 'ses', doing: 'data', forMs: 3_200, messages: 4 },
    { account: 'ses', doing: 'idle', forMs: 9_000, messages: 1 },
    { account: 'gmail-velosi', doing: 'auth', forMs: 400, messages: 0 },
  ],
  accepted: { perSecond: 3.25, total: 100 },
  flows: { ses: flow(120), 'gmail-velosi': flow(0.5) },
};
const daemon = { top: async () => report };
const wide = { columns: 120, rows: Number.POSITIVE_INFINITY, offset: 0 } as const;

test('one picture: everything that moves', async () => {
  const ran = await relayctl('top --once', { daemon, columns: 120 });
  expect(ran.exitCode).toBe(0);
  expect(ran.out).toMatchInlineSnapshot(`
    "relayd 12:00:00  in 3.3/s  delivered 121/s  deferred 0.0/s  bounced 0.0/s
    42 recipients queued, 3 connections
    ACCOUNT       STATE  RATE  QUEUED  OLDEST          LEFT    PACE  CONN  DOING NOW
    ses           open    120      40      3h             -       -   2/2  data 3s, idle
    gmail-velosi  open    0.5       2      3h  188 of 500/d  13.4/s   1/2  auth 0s
    office365     held    0.0       0       -  188 of 500/d       -   0/2
    "
  `);
});

test('without a terminal, or with --json, one picture is all', async () => {
  expect((await relayctl('top', { daemon })).out).toContain('ses');
  expect(JSON.parse((await relayctl('top --json', { daemon })).out)).toEqual(report);
});

test('a relay without accounts, and a paused one', async () => {
  const nothing = { ...report, accounts: [], connections: [], flows: {} };
  const empty = await relayctl('top', { daemon: { top: async () => nothing } });
  expect(empty.out).toContain('No accounts are configured.');
  const pause = { reason: 'cable', sinceMs: nowMs, untilMs: nowMs + 5 * minute };
  expect(topFrame({ ...report, pause }, { ...wide, sort: 'queued' })[1]).toContain(
    'ALL DELIVERY IS PAUSED: cable, goes on in 5m',
  );
});

test.each([
  ['queued', ['ses', 'gmail-velosi', 'office365']],
  ['account', ['gmail-velosi', 'office365', 'ses']],
  ['rate', ['ses', 'gmail-velosi', 'office365']],
  ['oldest', ['gmail-velosi', 'ses', 'office365']],
] as const)('sorted by %s', (sort, names) => {
  const frame = topFrame(report, { ...wide, sort });
  expect(frame.slice(3).map((line) => line.split(' ')[0])).toEqual(names);
});

const many: TopReport = {
  ...report,
  accounts: Array.from({ length: 50 }, (_, n) =>
    account({ name: `account-with-a-long-name-${n}`, queue: [lane({ recipients: 50 - n })] }),
  ),
};

test.each([
  [80, 24],
  [132, 50],
  [40, 6],
  [20, 3],
])('fits %i columns and %i rows', (columns, rows) => {
  const frame = topFrame(many, { columns, rows, sort: 'queued', offset: 0 });
  expect(frame).toHaveLength(rows);
  expect(frame.every((line) => line.length <= columns)).toBe(true);
});

test('80 columns have room for all columns', () => {
  const frame = topFrame(report, { columns: 80, rows: 24, sort: 'queued', offset: 0 });
  expect(frame[2]).toMatch(/ACCOUNT .*STATE .*RATE .*QUEUED .*OLDEST .*LEFT .*PACE .*CONN .*DOING/);
});

/** A screen that gets these keys, and null when there is none left. */
function screenWith(keys: readonly (ScreenKey | null)[]) {
  const left = [...keys];
  const drawn: (readonly string[])[] = [];
  const state = { closed: false, rows: 10 };
  const screen: Screen = {
    size: () => ({ columns: 80, rows: state.rows }),
    draw: (lines) => void drawn.push(lines),
    next: async () => (left.length === 0 ? 'quit' : (left.shift() ?? null)),
    close: () => {
      state.closed = true;
    },
  };
  return { screen, drawn, state };
}

const lastLine = (frame: readonly string[] | undefined): string => frame?.at(-1) ?? '';

test('keys scroll and sort, a second later it looks again, q ends', async () => {
  const { screen, drawn, state } = screenWith(['down', 'page-down', 'end', 'home', 'sort', null]);
  const ran = await relayctl('top', { daemon: { top: async () => many }, screen });
  expect(ran).toMatchObject({ exitCode: 0, out: '' });
  expect(ran.asked).toHaveLength(2);
  const page = accountRows(10);
  expect(drawn.map(lastLine).map((line) => /(\d+)-\d+ of 50/.exec(line)?.[1])).toEqual(
    [1, 2, 2 + page, 51 - page, 1, 1, 1].map(String),
  );
  expect(lastLine(drawn[4])).toContain('sort: queued');
  expect(lastLine(drawn[5])).toContain('sort: rate');
  expect(state.closed).toBe(true);
});

test('a daemon that goes away gives the terminal back', async () => {
  const { screen, state } = screenWith([null]);
  let looks = 0;
  const top = async () => {
    if (looks++ > 0) throw new Error('gone');
    return report;
  };
  await expect(relayctl('top', { daemon: { top }, screen })).rejects.toThrow('gone');
  expect(state.closed).toBe(true);
});

function terminal() {
  const host = new EventEmitter();
  const stdin = Object.assign(new EventEmitter(), {
    raw: false,
    setRawMode(mode: boolean) {
      stdin.raw = mode;
      return stdin;
    },
    resume: () => stdin,
    pause: () => stdin,
    setEncoding: () => stdin,
  });
  const shown = { text: '' };
  const stdout = Object.assign(new EventEmitter(), {
    columns: 100,
    rows: 30,
    write: (text: string) => {
      shown.text += text;
      return true;
    },
  });
  const killed: string[] = [];
  const kill = (_: number, signal: string): void => void killed.push(signal);
  const parts = Object.assign(host, { stdin, stdout, pid: 1, kill });
  return { host: parts as unknown as ScreenProcess & EventEmitter, stdin, stdout, shown, killed };
}

const isGivenBack = (text: string): boolean =>
  text.lastIndexOf('\x1b[?1049l') > text.lastIndexOf('\x1b[?1049h');

test('the screen takes the terminal and gives it back', () => {
  const { host, stdin, stdout, shown } = terminal();
  const screen = openScreen(host);
  expect(stdin.raw).toBe(true);
  expect(screen.size()).toEqual({ columns: 100, rows: 30 });
  screen.draw(['one', 'two']);
  expect(shown.text).toBe('\x1b[?1049h\x1b[?25l\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J');
  screen.close();
  screen.close();
  expect(stdin.raw).toBe(false);
  expect(isGivenBack(shown.text)).toBe(true);
  expect(host.eventNames()).toEqual([]);
  expect([...stdin.eventNames(), ...stdout.eventNames()]).toEqual([]);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])('%s gives it back and ends us', (signal) => {
  const { host, stdin, shown, killed } = terminal();
  openScreen(host);
  host.emit(signal);
  expect(stdin.raw).toBe(false);
  expect(isGivenBack(shown.text)).toBe(true);
  expect(killed).toEqual([signal]);
});

test('an end for any other reason gives it back; Ctrl-Z does for a while', async () => {
  const { host, stdin, shown, killed } = terminal();
  const screen = openScreen(host);
  stdin.emit('data', '\x1a');
  expect(killed).toEqual(['SIGSTOP']);
  expect(stdin.raw).toBe(false);
  host.emit('SIGCONT');
  expect(stdin.raw).toBe(true);
  expect(await screen.next(1)).toBe('resize');
  host.emit('exit');
  expect(isGivenBack(shown.text)).toBe(true);
});

test('keys, several at once, and a new size', async () => {
  const { host, stdin, stdout } = terminal();
  const screen = openScreen(host);
  stdin.emit('data', '\x1b[Bx\x1b[5~s');
  stdout.emit('resize');
  const keys = [];
  for (let n = 0; n < 5; n++) keys.push(await screen.next(1));
  expect(keys).toEqual(['down', 'page-up', 'sort', 'resize', null]);
  const waiting = screen.next(5_000);
  stdin.emit('data', '\x03');
  expect(await waiting).toBe('quit');
  screen.close();
});
