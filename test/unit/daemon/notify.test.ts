import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { openNotifier, type SendNotification } from '../../../src/daemon/notify.ts';

const directory = mkdtempSync(join(tmpdir(), 'relayd-notify-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.useRealTimers());

function open(changed: { environment?: NodeJS.ProcessEnv; send?: SendNotification } = {}) {
  const sent: string[] = [];
  const failures: string[] = [];
  const notifier = openNotifier({
    environment: { NOTIFY_SOCKET: '/run/systemd/notify', ...changed.environment },
    pid: 42,
    monotonicUs: () => 123_456n,
    onFailed: (detail) => failures.push(detail),
    send:
      changed.send ??
      (async (assignments) => {
        sent.push(assignments.join(' '));
      }),
  });
  return { notifier, sent, failures };
}

test('the states of the daemon are told in the order they came', async () => {
  const { notifier, sent } = open();
  notifier.ready('running');
  notifier.reloading();
  notifier.ready('running');
  notifier.status('3 accounts, 1 held');
  notifier.stopping();
  await notifier.close();
  expect(sent).toEqual([
    'READY=1 STATUS=running',
    'RELOADING=1 MONOTONIC_USEC=123456',
    'READY=1 STATUS=running',
    'STATUS=3 accounts, 1 held',
    'STOPPING=1 STATUS=draining',
  ]);
});

test('without NOTIFY_SOCKET nothing is run', async () => {
  const { notifier, sent } = open({
    environment: { NOTIFY_SOCKET: undefined, WATCHDOG_USEC: '9' },
  });
  notifier.ready('running');
  notifier.stopping();
  await notifier.close();
  expect(sent).toEqual([]);
});

test('a status cannot smuggle in another assignment', async () => {
  const { notifier, sent } = open();
  notifier.status('fine\nWATCHDOG=trigger');
  await notifier.close();
  expect(sent).toEqual(['STATUS=fine WATCHDOG=trigger']);
});

test('the watchdog is fed at half its time, from READY to the close', async () => {
  vi.useFakeTimers();
  const { notifier, sent } = open({
    environment: { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '42' },
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([]);
  notifier.ready('running');
  await vi.advanceTimersByTimeAsync(90_000);
  expect(sent.slice(1)).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  notifier.ready('running');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sent.filter((word) => word === 'WATCHDOG=1')).toHaveLength(4);
  await notifier.close();
  await vi.advanceTimersByTimeAsync(90_000);
  expect(sent.filter((word) => word === 'WATCHDOG=1')).toHaveLength(4);
});

test('a watchdog meant for another process is not fed', async () => {
  vi.useFakeTimers();
  const { notifier, sent } = open({ environment: { WATCHDOG_USEC: '1000000', WATCHDOG_PID: '7' } });
  notifier.ready('running');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual(['READY=1 STATUS=running']);
});

test('a feeding that hangs is not joined by others', async () => {
  vi.useFakeTimers();
  const gate = Promise.withResolvers<void>();
  const sent: string[] = [];
  const { notifier } = open({
    environment: { WATCHDOG_USEC: '2000000' },
    send: (assignments) => {
      sent.push(assignments.join(' '));
      return assignments.includes('WATCHDOG=1') ? gate.promise : Promise.resolve();
    },
  });
  notifier.ready('running');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual(['READY=1 STATUS=running', 'WATCHDOG=1']);
  gate.resolve();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toHaveLength(3);
});

test('a failure is told once, and again after a success in between', async () => {
  let works = false;
  const { notifier, failures } = open({
    send: () => (works ? Promise.resolve() : Promise.reject(new Error('gone'))),
  });
  notifier.ready('running');
  notifier.status('one');
  await notifier.close();
  expect(failures).toEqual(['gone']);
  works = true;
  notifier.status('two');
  await notifier.close();
  works = false;
  notifier.status('three');
  await notifier.close();
  expect(failures).toEqual(['gone', 'gone']);
});

/** A stand-in for systemd-notify that writes down what it was given, and its environment. */
function fakeSystemdNotify(exitCode: number): { path: string; log: string } {
  const log = join(directory, `calls-${exitCode}`);
  const path = mkdtempSync(join(directory, 'bin-'));
  const program = join(path, 'systemd-notify');
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$*" "$(env | sort | grep -v '^PWD=\\|^_=\\|^SHLVL=')" >> ${log}\nexit ${exitCode}\n`,
  );
  chmodSync(program, 0o755);
  return { path: `${path}:/usr/bin:/bin`, log };
}

function openReal(path: string, failures: string[]) {
  return openNotifier({
    environment: { NOTIFY_SOCKET: '/run/systemd/notify', PATH: path, SECRET: 'hunter2' },
    pid: 42,
    monotonicUs: () => 1n,
    onFailed: (detail) => failures.push(detail),
  });
}

test('systemd-notify gets the assignments, and of the environment only what it needs', async () => {
  const { path, log } = fakeSystemdNotify(0);
  const failures: string[] = [];
  const notifier = openReal(path, failures);
  notifier.ready('running, 2 accounts');
  await notifier.close();
  expect(failures).toEqual([]);
  expect(readFileSync(log, 'utf8')).toBe(
    `READY=1 STATUS=running, 2 accounts\nNOTIFY_SOCKET=/run/systemd/notify\nPATH=${path}\n`,
  );
});

test('a systemd-notify that fails or is not there is said', async () => {
  const failures: string[] = [];
  const refused = openReal(fakeSystemdNotify(1).path, failures);
  refused.ready('running');
  await refused.close();
  const missing = openReal(join(directory, 'empty'), failures);
  missing.ready('running');
  await missing.close();
  expect(failures).toEqual([
    'systemd-notify ended with exit code 1',
    'systemd-notify: spawn systemd-notify ENOENT',
  ]);
});
