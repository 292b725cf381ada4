import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeSettings } from '../../../src/config/describe.ts';
import { loadSettings } from '../../../src/config/load.ts';
import type { ControlHandlers } from '../../../src/control/wire.ts';
import type { RecordedMessage } from '../../../src/policy/recorded-way.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import { hour, messageId, nowMs, relayctl } from './harness.ts';

const OLD = `
hostname: relay.example.org
clients:
  velosi: {password: {env: VELOSI}, senders: ["@velosi.example"]}
accounts:
  old-host: {host: mail.old-host.example, username: erp@velosi.example, password: {env: OLD_HOST}}
routes:
  - {sender: erp@velosi.example, accounts: [old-host]}
`;
const NEW = OLD.replace('routes:\n', 'routes:\n  - {sender: "@velosi.example", hold: true}\n');

function files(): { old: string; young: string } {
  const directory = mkdtempSync(join(tmpdir(), 'relayctl-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [old, young] = [join(directory, 'relay.yaml'), join(directory, 'new.yaml')];
  writeFileSync(old, OLD);
  writeFileSync(young, NEW);
  return { old, young };
}

const diff = (old: string, ...args: string[]) => ['--config', old, 'config', 'diff', ...args];

const recorded = (some: Partial<RecordedMessage> = {}): RecordedMessage => ({
  id: messageId,
  client: 'velosi',
  reversePath: 'erp@velosi.example',
  recipients: ['a@b.example'],
  from: 'erp@velosi.example',
  alsoFrom: [],
  boundAccount: null,
  routeSender: null,
  routeHeaders: {},
  acceptedAtMs: nowMs - hour,
  bytes: 1,
  waiting: false,
  ...some,
});

async function daemonWith(
  old: string,
  queue: readonly RecordedMessage[],
  history: readonly RecordedMessage[],
): Promise<Partial<ControlHandlers>> {
  const loaded = await loadSettings(old, {}, { standIns: true });
  const settings = loaded.ok ? describeSettings(loaded.settings) : {};
  return {
    'config.show': async () => ({ file: old, settings, origins: {} }),
    'message.recorded': async ({ part, after }) => {
      const all = part === 'queue' ? queue : history;
      const at = after === null ? 0 : Number(after);
      return {
        messages: all.slice(at, at + 1),
        next: at + 1 < all.length ? (String(at + 1) as MessageId) : null,
      };
    },
  };
}

test('differences of two files, without daemon and without their secrets', async () => {
  const { old, young } = files();
  const ran = await relayctl(diff(old, young));
  expect(ran).toMatchObject({ exitCode: 0, err: '', sockets: [] });
  expect(ran.out).toContain(
    `${young} against ${old}: 1 difference\n  + routes[0]: sender @velosi.example: hold true\n`,
  );
  expect(ran.out).toMatch(
    /^note: .*relay\.yaml:4:.* VELOSI is not set; it is compared by where it is kept$/m,
  );
});

test('nothing differs', async () => {
  const { old } = files();
  const environment = { VELOSI: 'geheim', OLD_HOST: 'geheim' };
  const ran = await relayctl(diff(old, old), { environment });
  expect(ran).toMatchObject({ exitCode: 0, out: `${old} means the same as ${old}.\n` });
});

test('replay: every page of queue and history goes through both files', async () => {
  const { old, young } = files();
  const other = recorded({ reversePath: 'x@velosi.example', from: 'x@velosi.example' });
  const daemon = await daemonWith(old, [recorded({ waiting: true })], [recorded(), other]);
  const environment = { VELOSI: 'geheim', OLD_HOST: 'geheim' };
  const ran = await relayctl(diff(old, young, '--replay', '7d'), { daemon, environment });
  expect(ran.err).toBe('');
  expect(ran.out.split('\n\n')[1]).toMatchInlineSnapshot(`
    "Replayed 3 messages accepted since 2026-11-14 12:00:00 UTC, 1 of them waiting.
    3 messages would take another way:
      fate: relayed by old-host -> held
        2 messages, 2 recipients, 1 waiting
        1n8f3k2x0q4  erp@velosi.example -> a@b.example
        1n8f3k2x0q4  erp@velosi.example -> a@b.example
      fate: refused: no route -> held
        1 message, 1 recipient
        1n8f3k2x0q4  x@velosi.example -> a@b.example
    "
  `);
  expect(ran.asked.filter(([request]) => request === 'message.recorded')).toHaveLength(3);
  const json = await relayctl(['--json', ...diff(old, young, '--replay', '7d')], { daemon });
  expect(JSON.parse(json.out)).toMatchObject({
    differences: [{ path: 'routes[0]', is: 'added' }],
    replay: { messages: 3, changed: 3, groups: [{ messages: 2 }, { messages: 1 }] },
  });
});

test('replay: nothing recorded, and nothing changed', async () => {
  const { old, young } = files();
  const empty = await daemonWith(old, [], []);
  const ran = await relayctl(diff(old, young, '--replay', '1h'), { daemon: empty });
  expect(ran.out).toContain('Nothing to replay: no mail accepted since');
  const daemon = await daemonWith(old, [], [recorded()]);
  const same = await relayctl(diff(old, old, '--replay', '1h'), { daemon });
  expect(same.out).toContain('All of them would take the same way.\n');
});

test('replay: a daemon that works with something else is said', async () => {
  const { old, young } = files();
  const daemon = await daemonWith(young, [], []);
  const ran = await relayctl(diff(old, young, '--replay', '7d'), { daemon });
  expect(ran.err).toContain(`the daemon works with something else than ${old} says now`);
});

test('replay needs the daemon', async () => {
  const { old, young } = files();
  const ran = await relayctl(diff(old, young, '--replay', '7d'), { daemon: null });
  expect(ran).toMatchObject({ exitCode: 69, out: '' });
});

test('errors of either file are told with the file, exit code 78', async () => {
  const { old, young } = files();
  writeFileSync(young, `${NEW}nonsense: 1\n`);
  const ran = await relayctl(diff(old, young));
  expect(ran.exitCode).toBe(78);
  expect(ran.err).toContain(`${young}:10:1: nonsense: unknown key`);
  expect((await relayctl(diff(old, '/nowhere/x.yaml'))).exitCode).toBe(78);
});

test.each([
  'config diff',
  'config diff a b',
  'config diff a --replay soon',
  'config diff a --replay 0s',
])('%s is a usage error', async (line) => expect((await relayctl(line)).exitCode).toBe(64));
