import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { type Log, openLog, stdoutIsJournal } from '../../../src/observe/log.ts';
import { EVENTS } from '../../../src/relay/event-catalogue.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { LogSettings } from '../../../src/relay/settings.ts';
import { allSamples, SAMPLES } from './sample-events.ts';

const directory = mkdtempSync(join(tmpdir(), 'relayd-log-'));
const opened: Log[] = [];
afterEach(() => {
  for (const log of opened.splice(0)) log.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const settings: LogSettings = { level: 'trace', format: 'json', addresses: 'full' };
const noon = Date.UTC(2026, 10, 21, 12);
let files = 0;

/** A log into a file of its own, and its lines so far. */
function openTestLog(changed: Partial<LogSettings> = {}, journal = false) {
  const destination = join(directory, `${files++}.log`);
  const log = openLog({
    settings: { ...settings, ...changed },
    destination,
    journal,
    nowMs: () => noon,
  });
  opened.push(log);
  const lines = async (wanted: number): Promise<string[]> => {
    const read = () => readFileSync(destination, 'utf8').split('\n').slice(0, -1);
    await expect.poll(() => read().length).toBe(wanted);
    return read();
  };
  return { log, lines };
}

test('a JSON line carries level, time, event and the fields of the event', async () => {
  const { log, lines } = openTestLog();
  log.sink(SAMPLES['login.failed']);
  const [line = ''] = await lines(1);
  expect(Object.keys(JSON.parse(line)).slice(0, 3)).toEqual(['level', 'time', 'event']);
  expect(JSON.parse(line)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event: 'login.failed',
    client: 'erp',
    remote: '127.0.0.1',
    mechanism: 'PLAIN',
    known: true,
  });
});

test('every event is one line of JSON with the level of the catalogue', async () => {
  const { log, lines } = openTestLog();
  for (const event of allSamples) log.sink(event);
  const written = (await lines(allSamples.length)).map((line) => JSON.parse(line));
  expect(written.map(({ event, level }) => ({ event, level }))).toEqual(
    allSamples.map(({ is }) => ({ event: is, level: EVENTS[is].level })),
  );
});

test('events below the level are not written, and a new configuration changes the level', async () => {
  const { log, lines } = openTestLog({ level: 'warn' });
  log.sink(SAMPLES['message.accepted']);
  log.sink(SAMPLES['login.failed']);
  log.configure({ ...settings, level: 'info' });
  log.sink(SAMPLES['message.accepted']);
  log.sink(SAMPLES['attempt.finished']);
  const written = (await lines(2)).map((line) => JSON.parse(line).event);
  expect(written).toEqual(['login.failed', 'message.accepted']);
});

const hostile: RelayEvent = {
  ...SAMPLES['message.refused'],
  client: 'a\r\n{"level":"error","event":"daemon.failed"}',
  reversePath: '\x1b[2J\u009b31m\u202egnp.exe" known=true',
};

test('what a client wrote cannot begin a line of JSON', async () => {
  const { log, lines } = openTestLog();
  log.sink(hostile);
  const [line = ''] = await lines(1);
  expect(JSON.parse(line)).toMatchObject({ event: 'message.refused', client: hostile.client });
});

test('what a client wrote cannot begin a pretty line, move the cursor or forge a field', async () => {
  const { log, lines } = openTestLog({ format: 'pretty' });
  log.sink(hostile);
  const [line = ''] = await lines(1);
  expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  expect(line).toContain('reverse-path="\\u001b[2J\\u009b31m\\u202egnp.exe\\" known=true"');
});

test('a pretty line reads well', async () => {
  const { log, lines } = openTestLog({ format: 'pretty' });
  log.sink(SAMPLES['account.paused']);
  log.sink(SAMPLES['daemon.stopping']);
  log.sink(SAMPLES['config.reloaded']);
  expect(await lines(3)).toEqual([
    '2026-11-21T12:00:00.000Z warn  account.paused account=gmail reason=throttled ' +
      'detail="421 4.7.0 try later" until=2026-11-18T11:06:40.000Z hint="it goes on by itself"',
    '2026-11-21T12:00:00.000Z info  daemon.stopping signal=SIGTERM drain=8s',
    '2026-11-21T12:00:00.000Z info  config.reloaded file=relay.yaml changes=[accounts.ses]',
  ]);
});

test('addresses can be shown by their domain only, also inside replies', async () => {
  const { log, lines } = openTestLog({ addresses: 'domain' });
  log.sink(SAMPLES['message.refused']);
  log.sink(SAMPLES['recipient.settled']);
  log.sink({ ...SAMPLES['message.accepted'], reversePath: '' });
  const [refused, settled, accepted] = (await lines(3)).map((line) => JSON.parse(line));
  expect(refused).toMatchObject({
    reversePath: '*@velosi.example',
    recipient: null,
    reply: '550 5.7.1 no upstream account for <*@velosi.example>',
  });
  expect(settled).toMatchObject({
    recipient: '*@example.net',
    authenticatedAs: '*@velosi.example',
    text: '250 2.0.0 OK',
  });
  expect(accepted).toMatchObject({ reversePath: '', messageIdField: '<*@velosi.example>' });
});

test('hashed addresses are the same for the same address and show nothing of it', async () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, lines } = openTestLog({ addresses: 'hashed', format });
    for (const event of allSamples) log.sink(event);
    const text = (await lines(allSamples.length)).join('\n');
    expect(text).not.toMatch(/@/);
    const ofReversePath = [...text.matchAll(/reverse-?[Pp]ath\W+(~[0-9a-f]{12})/g)].map(
      (match) => match[1],
    );
    expect(new Set(ofReversePath).size).toBe(1);
  }
});

test('a secret that finds its way into an event is not printed', async () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, lines } = openTestLog({ format });
    log.sink({ ...SAMPLES['daemon.failed'], detail: new Secret('hunter2') as unknown as string });
    expect((await lines(1))[0]).toContain('[secret]');
    expect((await lines(1))[0]).not.toContain('hunter2');
  }
});

test('the journal reads the priority from the start of the line', async () => {
  const { log, lines } = openTestLog({}, true);
  log.sink(SAMPLES['daemon.failed']);
  log.sink(SAMPLES['login.failed']);
  log.sink(SAMPLES['message.accepted']);
  expect((await lines(3)).map((line) => line.slice(0, 4))).toEqual(['<3>{', '<4>{', '<6>{']);
});

test('stdout is the journal when its device and inode are those of JOURNAL_STREAM', () => {
  expect(stdoutIsJournal('8:1234', { dev: 8, ino: 1234 })).toBe(true);
  expect(stdoutIsJournal('8:1234', { dev: 8, ino: 99 })).toBe(false);
  expect(stdoutIsJournal(undefined, { dev: 8, ino: 99 })).toBe(false);
});

test('a destination that fails is counted and does not stop the relay', async () => {
  const log = openLog({ settings, destination: '/dev/full', journal: false, nowMs: () => noon });
  log.sink(SAMPLES['daemon.failed']);
  await expect.poll(() => log.dropped()).toBe(1);
  log.sink(SAMPLES['daemon.failed']);
  log.close();
  await expect.poll(() => log.dropped()).toBe(2);
});

test('a log that was renamed goes on in a new file, with nothing lost or twice', async () => {
  const { log, lines } = openTestLog();
  const old = join(directory, 'renamed.log');
  log.sink(SAMPLES['login.failed']);
  const [first] = await lines(1);
  renameSync(join(directory, `${files - 1}.log`), old);
  log.sink(SAMPLES['daemon.stopped']);
  log.reopen();
  for (let n = 0; n < 100; n++) log.sink(SAMPLES['config.warning']);
  // What was already on its way when the file was renamed may be in either.
  const both = () => [old, join(directory, `${files - 1}.log`)].flatMap(logged);
  await expect.poll(() => both().length).toBe(102);
  expect(both()[0]).toBe(first);
  expect(both()[1]).toContain('daemon.stopped');
  expect(logged(old).length).toBeLessThanOrEqual(2);
});

test('a log that cannot be opened anew stays where it is', async () => {
  const own = join(directory, 'own');
  mkdirSync(own);
  const destination = join(own, 'main.log');
  const log = openLog({ settings, destination, journal: false, nowMs: () => noon });
  opened.push(log);
  renameSync(own, `${own}-moved`);
  expect(() => log.reopen()).toThrow('ENOENT');
  log.sink(SAMPLES['login.failed']);
  await expect.poll(() => logged(join(`${own}-moved`, 'main.log')).length).toBe(1);
});

function logged(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}
