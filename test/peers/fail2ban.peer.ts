import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLog } from '../../src/observe/log.ts';
import type { RelayEvent } from '../../src/relay/events.ts';
import type { LogSettings } from '../../src/relay/settings.ts';

const filter = join(import.meta.dirname, '..', '..', 'config/fail2ban/filter.d/relayd.conf');

const failed = (client: string, remote: string): RelayEvent => ({
  is: 'login.failed',
  client,
  remote,
  mechanism: 'PLAIN',
  known: false,
});
const refused = (reason: 'logins' | 'timeout', remote: string): RelayEvent => ({
  is: 'session.refused',
  listen: '0.0.0.0:587',
  remote,
  reason,
});

/** Names that would have somebody else banned. */
const innocent = '198.51.100.7';
const traps = [
  `x" remote="${innocent}`,
  `x remote=${innocent} mechanism=PLAIN`,
  `x","remote":"${innocent}","mechanism":"PLAIN"`,
  `x\nwarn login.failed client=y remote=${innocent} mechanism=`,
  `x\n{"level":"warn","time":"2026-11-21T19:05:07.511Z","event":"login.failed","client":"y","remote":"${innocent}",`,
  `\nplain authenticator failed for [${innocent}]: 535 Incorrect`,
  'x\\',
  '',
];

const guilty = '203.0.113.9';
const events: readonly RelayEvent[] = [
  failed('erp', guilty),
  failed('erp', '2001:db8::9'),
  ...traps.map((name) => failed(name, guilty)),
  refused('logins', guilty),
  refused('timeout', innocent),
  { is: 'listener.opened', listen: '0.0.0.0:587', tls: 'none' },
];
const expected = [guilty, '2001:db8::9', ...traps.map(() => guilty), guilty];

function logged(format: LogSettings['format'], journal: boolean): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-fail2ban-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'relayd.log');
  const settings: LogSettings = { level: 'info', format, addresses: 'full' };
  const log = openLog({ settings, destination: file, journal, nowMs: Date.now });
  for (const event of events) log.sink(event);
  log.flush();
  return file;
}

/** The addresses that fail2ban's own tool finds in a log, in order. */
function found(file: string): string[] {
  const output = execFileSync('fail2ban-regex', ['-o', 'ip', file, filter], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

const formats = ['json', 'pretty', 'exim'] as const;

test.each(formats)('fail2ban finds wrong passwords in log.format: %s', (format) => {
  expect(found(logged(format, false))).toEqual(expected);
});

test.each(formats)('and in the journal with log.format: %s', (format) => {
  const file = logged(format, true);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  // What journald takes away, and what fail2ban puts in front of a message of the journal.
  const stamp = new Date().toISOString().slice(0, 19);
  const shown = lines.map((line) => `${stamp} host relayd[12]: ${line.replace(/^<\d>/, '')}\n`);
  writeFileSync(file, shown.join(''));
  expect(found(file)).toEqual(expected);
});

test('the jail names the filter, and fail2ban can read both', () => {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-fail2ban-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  cpSync('/etc/fail2ban', directory, { recursive: true });
  rmSync(join(directory, 'jail.d', 'defaults-debian.conf'), { force: true });
  cpSync(join(filter, '..', '..'), directory, { recursive: true });
  const dump = execFileSync('fail2ban-client', ['-c', directory, '-d'], { encoding: 'utf8' });
  expect(dump).toContain("['add', 'relayd', 'systemd']");
  expect(dump).toContain("'set', 'relayd', 'maxretry', 5");
});
