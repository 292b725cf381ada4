import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Alerts, openAlerts } from '../../../src/alerts/alerts.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { AlertDestination, AlertSettings } from '../../../src/relay/alert.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { makeSelfSigned } from '../../support/certificates.ts';
import { SAMPLES } from '../observe/sample-events.ts';
import { isSigned, soon, startReceiver } from './receiver.ts';

const minute = 60_000;

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-alerts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function webhook(url: string, more: Partial<AlertDestination> = {}): AlertDestination {
  const events = ['trouble'];
  return {
    is: 'webhook',
    name: 'webhook1',
    url: new Secret(url),
    secret: null,
    events,
    ...more,
  } as AlertDestination;
}

function command(run: readonly string[], timeoutMs = 10_000): AlertDestination {
  return { is: 'command', name: 'command1', events: ['trouble'], run, timeoutMs };
}

interface Rig {
  readonly alerts: Alerts;
  readonly events: readonly RelayEvent[];
  of<Kind extends RelayEvent['is']>(is: Kind): Extract<RelayEvent, { is: Kind }>[];
  follow(destinations: readonly AlertDestination[]): void;
}

function open(
  destinations: readonly AlertDestination[],
  directory = temporary(),
  digestMs = 5 * minute,
): Rig {
  const events: RelayEvent[] = [];
  let alert: AlertSettings = {
    destinations,
    digestMs,
    stalledAfterMs: 15 * minute,
    heartbeat: null,
    summary: null,
  };
  const settings = () =>
    ({
      hostname: 'relay.test',
      queue: { directory },
      notifications: { alerts: alert },
    }) as Settings;
  let id = 0;
  const alerts = openAlerts({
    settings,
    emit: (event) => void events.push(event),
    clock: Date.now,
    dice: () => 0.5,
    newId: () => `id-${++id}`,
    show: (event) => event,
  });
  onTestFinished(() => alerts.close());
  return {
    alerts,
    events,
    of: (is) => events.filter((event) => event.is === is) as never,
    follow(next) {
      alert = { ...alert, destinations: next };
      alerts.reload();
    },
  };
}

test('a webhook is told at once, signed, and a storm of 10,000 events is one message more', async () => {
  const receiver = await startReceiver();
  const secret = new Secret('hook-secret');
  const digestMs = 300;
  const rig = open([webhook(receiver.url, { secret })], temporary(), digestMs);
  for (let n = 0; n < 10_000; n++) rig.alerts.sink(SAMPLES['account.held']);
  rig.alerts.sink(SAMPLES['recipient.settled']);
  await soon(() => receiver.received.length).toBe(2);
  await soon(() => rig.of('alert.sent').map(({ events }) => events)).toEqual([1, 9_999]);
  const [first] = receiver.received;
  for (const request of receiver.received) {
    expect(request.method).toBe('POST');
    expect(request.headers['content-type']).toBe('application/json');
    expect(isSigned(request, 'hook-secret')).toBe(true);
    expect(isSigned({ ...request, body: `${request.body} ` }, 'hook-secret')).toBe(false);
  }
  const [one, rest] = receiver.payloads();
  expect(one).toMatchObject({
    version: 1,
    id: first?.headers['x-relayd-alert'],
    relay: 'relay.test',
    text: expect.stringMatching(/^relay\.test: account\.held gmail \(credentials\): 535 5\.7\.8/),
    events: [
      { event: 'account.held', level: 'error', account: 'gmail', hint: 'make a new app password' },
    ],
    counts: [{ event: 'account.held', account: 'gmail', reason: 'credentials', count: 1 }],
    suppressed: 0,
    lost: 0,
  });
  expect(rest?.counts).toMatchObject([{ count: 9_999 }]);
  expect((rest?.events.length ?? 0) + (rest?.suppressed ?? 0)).toBe(9_999);
  expect(rig.alerts.states().get('webhook1')).toMatchObject({
    waiting: 0,
    lost: 0,
    last: { ok: true },
  });
});

test('what nobody took is kept and told by the next process, without an event', async () => {
  const receiver = await startReceiver();
  receiver.answer(503);
  const directory = temporary();
  const before = open([webhook(receiver.url)], directory);
  before.alerts.sink(SAMPLES['account.held']);
  before.alerts.sink(SAMPLES['store.failed']);
  await soon(() => before.of('alert.failed').length).toBe(1);
  expect(before.of('alert.failed')[0]).toMatchObject({
    destination: 'webhook1',
    events: 1,
    tries: 1,
  });
  expect(before.of('alert.failed')[0]?.nextAtMs).toBeGreaterThan(Date.now());
  await before.alerts.close();
  receiver.answer(200);
  const after = open([webhook(receiver.url)], directory, 1);
  await soon(() => after.of('alert.sent').length).toBe(2);
  const ids = receiver.payloads().map(({ id }) => id);
  expect(ids.slice(0, 2)).toEqual(['id-1', 'id-1']);
  expect(receiver.payloads().at(-1)?.counts).toMatchObject([{ event: 'store.failed', count: 1 }]);
});

test('an event of the last moment is kept before the process ends', async () => {
  const directory = temporary();
  const rig = open([webhook('http://127.0.0.1:1/')], directory);
  rig.alerts.sink(SAMPLES['account.held']);
  rig.alerts.sink(SAMPLES['daemon.failed']);
  const [file = ''] = readdirSync(join(directory, 'alerts'));
  const kept = readFileSync(join(directory, 'alerts', file), 'utf8');
  expect(kept).toContain('daemon.failed');
});

test('what happens after the end is told at the next start', async () => {
  const directory = temporary();
  const receiver = await startReceiver();
  const all = webhook(receiver.url, { events: ['daemon.stopped'] });
  const rig = open([all], directory);
  await rig.alerts.close();
  rig.alerts.sink(SAMPLES['daemon.stopped']);
  open([all], directory);
  await soon(() => receiver.payloads()[0]?.events).toMatchObject([{ event: 'daemon.stopped' }]);
});

test.each([
  [404, 'refused', 'answered 404'],
  [302, 'again', 'answered 302'],
])('an answer of %i: %s', async (status, becomes, detail) => {
  const receiver = await startReceiver();
  receiver.answer(status);
  const rig = open([webhook(receiver.url)]);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.failed').length).toBe(1);
  const [failed] = rig.of('alert.failed');
  expect(failed?.detail).toBe(`127.0.0.1:${receiver.port} ${detail}`);
  expect(failed?.nextAtMs === null).toBe(becomes === 'refused');
  expect(receiver.received.map(({ path }) => path)).toEqual(['/hook/token']);
  // The path of a webhook is a secret.
  expect(JSON.stringify(rig.events)).not.toContain('token');
});

test('a certificate that nobody vouches for is told nothing', async () => {
  const pair = await makeSelfSigned({ names: ['127.0.0.1'] });
  const receiver = await startReceiver('/hook/token', 0, pair);
  const rig = open([webhook(receiver.url)]);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.failed').length).toBe(1);
  expect(rig.of('alert.failed')[0]?.detail).toMatch(/self-signed certificate/);
  expect(receiver.received).toEqual([]);
});

test('a server that hangs is cut off when the relay stops, and the alert is kept', async () => {
  const receiver = await startReceiver();
  receiver.answer(null);
  const directory = temporary();
  const rig = open([webhook(receiver.url)], directory);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => receiver.received.length).toBe(1);
  await rig.alerts.close();
  expect(rig.of('alert.failed')).toEqual([]);
  receiver.answer(200);
  const after = open([webhook(receiver.url)], directory);
  await soon(() => after.of('alert.sent').length).toBe(1);
});

test('a command reads the event, without a shell and without our environment', async () => {
  const directory = temporary();
  const out = join(directory, 'out');
  const script = `let s='';process.stdin.on('data',(d)=>{s+=d}).on('end',()=>require('fs').writeFileSync(${JSON.stringify(out)},JSON.stringify({env:Object.keys(process.env),args:process.argv.slice(1),got:JSON.parse(s)})))`;
  const rig = open([command([process.execPath, '-e', script, '--', '$(id)'])], directory);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.sent').length).toBe(1);
  const said = JSON.parse(readFileSync(out, 'utf8'));
  expect(said).toMatchObject({ env: ['PATH'], got: { relay: 'relay.test', suppressed: 0 } });
  expect(said.args).toContain('$(id)');
});

test.each([
  [['/bin/sh', '-c', 'echo no such pager; exit 3'], 'exit code 3: no such pager'],
  [['/no/such/program'], 'spawn /no/such/program ENOENT'],
  [['/bin/sh', '-c', 'kill -9 $$'], 'ended by SIGKILL'],
])('a command that fails is tried again: %j', async (run, detail) => {
  const rig = open([command(run)]);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.failed').length).toBe(1);
  expect(rig.of('alert.failed')[0]).toMatchObject({ destination: 'command1', detail });
  expect(rig.of('alert.failed')[0]?.nextAtMs).not.toBe(null);
});

test('a command that takes too long is ended with what it has started', async () => {
  const directory = temporary();
  const pid = join(directory, 'pid');
  const script = `trap '' TERM; sleep 1000 & echo $! > ${pid}; wait; wait`;
  const rig = open([command(['/bin/sh', '-c', script], 200)], directory);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.failed').length).toBe(1);
  expect(rig.of('alert.failed')[0]?.detail).toBe('ended after 0.2 s');
  const child = Number(readFileSync(pid, 'utf8'));
  const gone = () => {
    try {
      return readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z');
    } catch {
      return true;
    }
  };
  await soon(gone).toBe(true);
});

test('a test tells one or all, and says how it went', async () => {
  const receiver = await startReceiver();
  const destinations = [webhook(receiver.url), command(['/bin/false'])];
  const { alerts } = open(destinations);
  expect([...(await alerts.test(null))]).toEqual([
    ['webhook1', { is: 'told', detail: `127.0.0.1:${receiver.port} answered 204` }],
    ['command1', { is: 'retry', detail: 'exit code 1' }],
  ]);
  expect([...(await alerts.test('webhook1')).keys()]).toEqual(['webhook1']);
  expect(receiver.payloads()[0]?.events).toMatchObject([{ event: 'alert.test' }]);
});

test('a reload: a destination moves in the file and keeps what waits; one that is gone is told of', async () => {
  const down = 'http://127.0.0.1:1/down';
  const directory = temporary();
  const rig = open(
    [webhook('http://127.0.0.1:1/gone'), webhook(down, { name: 'webhook2' })],
    directory,
  );
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.failed').length).toBe(2);
  rig.follow([webhook(down)]);
  expect(rig.alerts.states().get('webhook1')).toMatchObject({ waiting: 1 });
  await soon(() => rig.of('alert.failed').length).toBe(3);
  expect(rig.of('alert.failed')[2]).toMatchObject({
    destination: 'removed',
    events: 1,
    nextAtMs: null,
    detail: 'it is no longer in relay.yaml',
  });
  await soon(() => readdirSync(join(directory, 'alerts')).length).toBe(1);
});

test('a directory that cannot be written is said once, and alerts go out', async () => {
  const receiver = await startReceiver();
  const directory = temporary();
  writeFileSync(join(directory, 'alerts'), 'in the way');
  const rig = open([webhook(receiver.url)], directory);
  rig.alerts.sink(SAMPLES['account.held']);
  await soon(() => rig.of('alert.sent').length).toBe(1);
  await rig.alerts.close();
  expect(rig.of('alert.not-kept').length).toBeGreaterThan(0);
});
