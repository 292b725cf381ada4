import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import {
  type Daemon,
  openLifecycle,
  type ReloadResult,
  StartError,
} from '../../../src/daemon/lifecycle.ts';
import type { Notifier } from '../../../src/daemon/notify.ts';
import { EX_OSERR, EX_SOFTWARE, EX_TEMPFAIL } from '../../../src/lib/sysexits.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';

const about = { version: '0.1.0', node: 'v24', config: '/etc/relayd/relay.yaml' };
const reloaded: ReloadResult = { is: 'reloaded', file: 'relay.yaml', changes: ['routes'] };
const limits = { drainMs: 30, closeMs: 30 };

/** A lifecycle around a fake process: everything it says and does, in order. */
function open(changed: Partial<Daemon> = {}) {
  const host = new EventEmitter();
  const said: string[] = [];
  const events: RelayEvent[] = [];
  const notifier: Notifier = {
    ready: (status) => said.push(`READY ${status}`),
    reloading: () => said.push('RELOADING'),
    stopping: () => said.push('STOPPING'),
    status: (text) => said.push(`STATUS ${text}`),
    close: async () => {
      said.push('notifier closed');
    },
  };
  const lifecycle = openLifecycle({
    process: Object.assign(host, { exit: (code: number) => said.push(`exit ${code}`) }),
    emit: (event) => {
      events.push(event);
      said.push(event.is);
    },
    notifier,
    flushLog: () => said.push('log flushed'),
    reopenLog: () => said.push('log reopened'),
    elapsedMs: () => 0,
    about,
    limits,
  });
  const daemon: Daemon = {
    start: async () => {
      said.push('start');
    },
    reload: async () => {
      said.push('reload');
      return reloaded;
    },
    drain: async () => {
      said.push('drain');
      return 0;
    },
    ...changed,
  };
  const signal = (name: string): boolean => host.emit(name, name, 15);
  const exitCode = lifecycle.run(daemon);
  return { host, lifecycle, said, events, signal, exitCode };
}

const until = (check: () => void) => vi.waitFor(check, { interval: 1 });
const running = (said: readonly string[]) => until(() => expect(said).toContain('READY running'));

test.each(['SIGTERM', 'SIGINT'])('%s drains, says so and ends with 0', async (name) => {
  const { said, events, signal, exitCode } = open();
  await running(said);
  signal(name);
  expect(await exitCode).toBe(0);
  expect(said).toEqual([
    'start',
    'daemon.started',
    'READY running',
    'daemon.stopping',
    'STOPPING',
    'drain',
    'daemon.stopped',
    'notifier closed',
    'log flushed',
  ]);
  expect(events).toContainEqual({ is: 'daemon.stopping', signal: name, drainMs: limits.drainMs });
  expect(events).toContainEqual({ is: 'daemon.started', ...about, tookMs: 0 });
});

test('a drain that takes too long is cut and still closes in order', async () => {
  const { said, events, signal, exitCode } = open({
    drain: (cut) =>
      new Promise((resolve) => {
        cut.addEventListener('abort', () => resolve(3));
      }),
  });
  await running(said);
  signal('SIGTERM');
  expect(await exitCode).toBe(0);
  expect(events.at(-1)).toMatchObject({ is: 'daemon.stopped', aborted: 3 });
});

test('a second signal cuts the drain at once', async () => {
  let cutSignal: AbortSignal | null = null;
  const { said, signal, exitCode } = open({
    drain: (cut) => {
      cutSignal = cut;
      return new Promise((resolve) => {
        cut.addEventListener('abort', () => resolve(1));
      });
    },
  });
  await running(said);
  signal('SIGTERM');
  await until(() => expect(cutSignal).not.toBeNull());
  signal('SIGINT');
  expect((cutSignal as AbortSignal | null)?.aborted).toBe(true);
  expect(await exitCode).toBe(0);
});

test('a daemon that will not close is left behind with an error', async () => {
  const { said, events, signal, exitCode } = open({ drain: () => new Promise(() => {}) });
  await running(said);
  signal('SIGTERM');
  expect(await exitCode).toBe(EX_SOFTWARE);
  expect(events.at(-1)).toMatchObject({ is: 'daemon.failed', what: 'stop' });
});

test('SIGTERM during the start stops once the start is over', async () => {
  const started = Promise.withResolvers<void>();
  const { said, signal, exitCode } = open({ start: () => started.promise });
  signal('SIGTERM');
  started.resolve();
  expect(await exitCode).toBe(0);
  expect(said).toContain('drain');
});

test('a second SIGTERM during the start ends it at once', async () => {
  const { said, signal } = open({ start: () => new Promise(() => {}) });
  signal('SIGTERM');
  expect(said).toEqual([]);
  signal('SIGTERM');
  expect(said).toEqual([`exit ${EX_TEMPFAIL}`]);
});

test('SIGHUP reloads and tells systemd before and after', async () => {
  const { said, signal, exitCode } = open();
  await running(said);
  said.length = 0;
  signal('SIGHUP');
  await running(said);
  expect(said).toEqual(['RELOADING', 'reload', 'config.reloaded', 'READY running']);
  signal('SIGTERM');
  await exitCode;
});

test('a refused reload leaves the daemon running and says what is wrong', async () => {
  const refused: ReloadResult = {
    is: 'refused',
    file: 'relay.yaml',
    problems: ['relay.yaml:3:1: unknown key "lisen", did you mean "listen"?'],
  };
  const { said, events, signal, exitCode } = open({ reload: async () => refused });
  await running(said);
  signal('SIGHUP');
  await until(() => expect(said.at(-1)).toBe('READY running; the last reload was refused'));
  expect(events.at(-1)).toEqual({ ...refused, is: 'config.refused' });
  signal('SIGTERM');
  expect(await exitCode).toBe(0);
});

test('SIGHUP during the start is kept until the daemon runs, during the stop it is ignored', async () => {
  const started = Promise.withResolvers<void>();
  const drained = Promise.withResolvers<number>();
  const { said, signal, exitCode } = open({
    start: () => started.promise,
    drain: () => drained.promise,
  });
  signal('SIGHUP');
  expect(said).toEqual([]);
  started.resolve();
  await until(() => expect(said).toContain('config.reloaded'));
  signal('SIGTERM');
  await until(() => expect(said).toContain('STOPPING'));
  signal('SIGHUP');
  drained.resolve(0);
  await exitCode;
  expect(said.filter((word) => word === 'reload')).toHaveLength(1);
});

test('reloads never overlap, and the last SIGHUP is always answered by a reload after it', async () => {
  const gates: PromiseWithResolvers<ReloadResult>[] = [];
  const { lifecycle, said, signal, exitCode } = open({
    reload: () => {
      const gate = Promise.withResolvers<ReloadResult>();
      gates.push(gate);
      return gate.promise;
    },
  });
  await running(said);
  signal('SIGHUP');
  signal('SIGHUP');
  const third = lifecycle.reload();
  expect(gates).toHaveLength(1);
  gates[0]?.resolve(reloaded);
  await until(() => expect(gates).toHaveLength(2));
  gates[1]?.resolve({ ...reloaded, changes: ['second'] });
  expect(await third).toEqual({ ...reloaded, changes: ['second'] });
  expect(gates).toHaveLength(2);
  signal('SIGTERM');
  await exitCode;
});

test('a reload under way ends before the drain begins', async () => {
  const gate = Promise.withResolvers<ReloadResult>();
  const { said, signal, exitCode } = open({ reload: () => gate.promise });
  await running(said);
  signal('SIGHUP');
  signal('SIGTERM');
  await until(() => expect(said).toContain('daemon.stopping'));
  said.length = 0;
  gate.resolve(reloaded);
  await exitCode;
  expect(said.slice(0, 4)).toEqual(['config.reloaded', 'READY running', 'STOPPING', 'drain']);
});

test('a start that cannot be is one line and its own exit code', async () => {
  const { said, events, exitCode } = open({
    start: () => Promise.reject(new StartError('127.0.0.1:587 is in use by postfix', EX_OSERR)),
  });
  expect(await exitCode).toBe(EX_OSERR);
  expect(events).toEqual([
    { is: 'daemon.failed', what: 'start', detail: '127.0.0.1:587 is in use by postfix' },
  ]);
  expect(said).not.toContain('READY running');
});

test('a bug during the start is not mistaken for a failed start', async () => {
  const { exitCode } = open({ start: () => Promise.reject(new TypeError('undefined is not')) });
  await expect(exitCode).rejects.toThrow(TypeError);
});

test.each([
  ['uncaughtException', 'uncaught exception'],
  ['unhandledRejection', 'unhandled rejection'],
])('%s is one line, flushed, and the process exits', async (name, what) => {
  const { host, said, events } = open();
  await running(said);
  said.length = 0;
  host.emit(name, new TypeError('x is not a function', { cause: new Error('why') }));
  expect(said).toEqual(['daemon.failed', 'log flushed', `exit ${EX_SOFTWARE}`]);
  const event = events.at(-1);
  expect(event).toMatchObject({ is: 'daemon.failed', what });
  const detail = event?.is === 'daemon.failed' ? event.detail : '';
  expect(detail).toMatch(/^TypeError: x is not a function \(cause: why\) at .*lifecycle\.test\.ts/);
  expect(detail).not.toContain('\n');
});

test('a part that died ends the process with the code given, and is said once', async () => {
  const { lifecycle, said } = open();
  await running(said);
  said.length = 0;
  lifecycle.fail('storage thread', 'exit code 1', EX_OSERR);
  lifecycle.fail('storage thread', 'exit code 1', EX_OSERR);
  expect(said).toEqual(['daemon.failed', 'log flushed', `exit ${EX_OSERR}`, `exit ${EX_OSERR}`]);
});

test('signals are left alone once the daemon has stopped', async () => {
  const { host, said, signal, exitCode } = open();
  await running(said);
  signal('SIGTERM');
  await exitCode;
  expect(host.eventNames()).toEqual([]);
});
