import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { earlierVersion } from './build.ts';
import { bootMachine, type Machine } from './machine.ts';
import { show, startUpstream, submit, submitAlong, type Upstream } from './scene.ts';

/** The life of a service on a small Debian server, from `apt install` to `apt purge`. Each test goes on where the last ended. */

const packages = inject('packages');
const config = '/etc/relayd/relay.yaml';
const idleMibMax = 90;
let machine: Machine;
let upstream: Upstream;
let password = '';
/** What `relayctl init` is told of the account. */
const loginIs = [
  ...['--username', 'user', '--password-file', '/root/password'],
  ...['--address', '@shop.example', '--yes'],
];

const must = (program: string, ...args: readonly string[]) => machine.must(program, args);
/** The file of the machine, from outside. */
const file = (path: string): string => join(machine.root, path);
const write = (path: string, text: string, mode = '0644') =>
  machine.must('sh', ['-c', `umask 077; cat >'${path}' && chmod ${mode} '${path}'`], text);
const report = (text: string): void => void process.stdout.write(`    ${text}\n`);

async function install(...names: readonly string[]): Promise<string> {
  return must('apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names);
}

const mainPid = async () => (await show(machine, 'relayd.service', 'MainPID')).MainPID ?? '';
const isActive = async () =>
  (await machine.run('systemctl', ['is-active', 'relayd'])).out.trim() === 'active';
/** Another process than this one is ready. */
async function restartedSince(pid: string): Promise<void> {
  await machine.until('the restart', async () => {
    const now = await mainPid();
    return now !== '0' && now !== pid && (await isActive());
  });
}

/** A restart by hand counts as a start; the limit is for files with errors. */
async function restart(): Promise<void> {
  await must('systemctl', 'reset-failed', 'relayd.service', 'relayd.socket');
  await must('systemctl', 'restart', 'relayd.service');
}

/** From the start of the main process to its READY. */
async function readyMs(): Promise<number> {
  const [begun, ready] = ['ExecMainStartTimestampMonotonic', 'ActiveEnterTimestampMonotonic'];
  const times = await show(machine, 'relayd.service', begun, ready);
  return Math.round((Number(times[ready]) - Number(times[begun])) / 1000);
}

/** The mebibytes that are resident ten seconds after the start: both threads have collected by then. */
async function residentAtRest(): Promise<number> {
  await sleep(10_000);
  const status = await must('cat', `/proc/${await mainPid()}/status`);
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  const [rss, own, mapped] = ['VmRSS', 'RssAnon', 'RssFile'].map((name) => mib(name).toFixed(1));
  report(`idle: ${rss} MiB RSS, ${own} its own, ${mapped} of files`);
  return mib('VmRSS');
}

async function journal(...more: readonly string[]): Promise<string> {
  await must('journalctl', '--sync');
  return must('journalctl', '-u', 'relayd.service', '-o', 'cat', '--no-pager', ...more);
}

async function arrived(...forwardPaths: readonly string[]): Promise<void> {
  await machine.until(`${forwardPaths.length} messages upstream`, async () =>
    forwardPaths.every((path) => upstream.taken.includes(path)),
  );
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}@dest.example`);

beforeAll(async () => {
  machine = await bootMachine();
  for (const path of [
    packages.earlier,
    ...readdirSync(packages.folder).map((name) => join(packages.folder, name)),
  ]) {
    if (path.endsWith('.deb'))
      copyFileSync(path, file(`root/${path.slice(path.lastIndexOf('/') + 1)}`));
  }
  await write('/root/password', 'secret\n', '0600');
  upstream = await startUpstream(machine, { port: 2525, account: 'user:secret' });
});

afterAll(async () => {
  upstream?.close();
  await machine?.close();
});

test('installed, it is there and not started', async () => {
  const said = await install(`/root/relayd_${earlierVersion}_amd64.deb`);
  expect(said).toContain('relayctl init');
  expect((await machine.run('systemctl', ['is-enabled', 'relayd'])).out.trim()).toBe('disabled');
  expect(await isActive()).toBe(false);
  expect(await must('relayd', '--version')).toBe(`relayd ${earlierVersion} (Node v24.21.0)\n`);
  expect(await must('id', '-un', 'relayd')).toBe('relayd\n');
  for (const path of [
    ...[
      'usr/share/man/man8/relayd.8.gz',
      'usr/share/man/man1/relayctl.1.gz',
      'usr/share/man/man5/relay.yaml.5.gz',
    ],
    'usr/share/bash-completion/completions/relayctl',
    ...['usr/share/doc/relayd/copyright', 'usr/share/doc/relayd/sbom.cdx.json'],
  ]) {
    expect(existsSync(file(path)), path).toBe(true);
  }
});

test('unconfigured or with errors it does not start, says why, and gives up trying', async () => {
  const failed = await machine.run('systemctl', ['start', 'relayd']);
  expect(failed.code).not.toBe(0);
  expect(await journal()).toContain(config);
  await machine.until('the start limit', async () => {
    const { ActiveState } = await show(machine, 'relayd.service', 'ActiveState');
    return ActiveState === 'failed';
  });
  const { NRestarts } = await show(machine, 'relayd.service', 'NRestarts');
  expect(Number(NRestarts)).toBeLessThan(8);
  // Nobody waits at a port behind which nobody is.
  expect((await submit(machine, { password: '', name: 'none', count: 1 }))[0]?.is).toBe('refused');
  await must('systemctl', 'reset-failed', 'relayd.service');
});

test('three commands from nothing to the first relayed message', async () => {
  await must('apt-get', 'purge', '-y', '-q', 'relayd');
  const begun = performance.now();
  await install(`/root/relayd_${earlierVersion}_amd64.deb`);
  const upstreamIs = ['--provider', 'other', '--host', '127.0.0.1', '--port', '2525'];
  const told = await must('relayctl', 'init', ...upstreamIs, ...loginIs);
  await must('systemctl', 'enable', '--now', 'relayd');
  password = /^ +app +(\S+)$/m.exec(told)?.[1] ?? '';
  expect(await submit(machine, { password, name: 'first', count: 1 })).toMatchObject([
    { is: 'taken' },
  ]);
  await arrived('first-1@dest.example');
  report(
    `install, init, enable --now, first message upstream: ${Math.round(performance.now() - begun)} ms`,
  );

  report(`READY after ${await readyMs()} ms`);
  expect(statSync(file('etc/relayd')).uid).toBe(0);
});

test('sendmail of relayd-mta', async () => {
  await install(`/root/relayd-mta_${packages.version}_all.deb`);
  const text = await must('cat', config);
  const more =
    'listeners:\n  - listen: 127.0.0.1:587\n  - { listen: "unix:/run/relayd/submission.sock", mode: "0666", auth: optional }\n';
  const local = text.replace(
    'clients:\n',
    'clients:\n  local: { networks: [unix], senders: ["@shop.example"] }\n',
  );
  await write(config, more + local, '0640');
  await must('chgrp', 'relayd', config);
  await must('systemctl', 'reload', 'relayd');
  await machine.until('the socket', async () => {
    const { code } = await machine.run('test', ['-S', '/run/relayd/submission.sock']);
    return code === 0;
  });
  await machine.must(
    'runuser',
    ['-u', 'nobody', '--', 'sendmail', '-f', 'cron@shop.example', 'sendmail-1@dest.example'],
    'Subject: x\n\nhi\n',
  );
  await arrived('sendmail-1@dest.example');
  expect(await must('mailq')).toBe('');
});

test('a reload with a good file and with a bad one', async () => {
  const good = await must('cat', config);
  const pid = await mainPid();
  await machine.must('tee', [config], good.replace('senders:', 'sendrs:'));
  await must('systemctl', 'reload', 'relayd');
  await machine.until('the refusal', async () => (await journal()).includes('config.refused'));
  expect(await isActive()).toBe(true);
  expect(await submit(machine, { password, name: 'bad', count: 1 })).toMatchObject([
    { is: 'taken' },
  ]);
  await machine.must('tee', [config], `${good}log: { level: debug }\n`);
  await must('systemctl', 'reload', 'relayd');
  await machine.until('the reload', async () => (await journal()).includes('"changes":["log'));
  await machine.must('tee', [config], good);
  await must('systemctl', 'reload', 'relayd');
  expect(await mainPid()).toBe(pid);
});

test('a credential rotated through LoadCredential= and a reload', async () => {
  const other = await startUpstream(machine, { port: 2526, account: 'user:new' });
  await must('mkdir', '-p', '/etc/relayd/credentials', '/etc/systemd/system/relayd.service.d');
  await write('/etc/relayd/credentials/rotated', 'old\n', '0600');
  await write(
    '/etc/systemd/system/relayd.service.d/credentials.conf',
    '[Service]\nLoadCredential=rotated:/etc/relayd/credentials/rotated\n',
  );
  const text = await must('cat', config);
  const account =
    '  rotated: { host: 127.0.0.1, port: 2526, username: user, password: { credential: rotated } }\n';
  await machine.must(
    'tee',
    [config],
    text
      .replace('accounts:\n', `accounts:\n${account}`)
      .replace('routes:\n', 'routes:\n  - { sender: r@shop.example, accounts: [rotated] }\n'),
  );
  await must('systemctl', 'daemon-reload');
  await restart();
  await submit(machine, { password, name: 'rotated', from: 'r@shop.example', count: 1 });
  await machine.until('the hold', async () =>
    (await must('relayctl', 'account', 'list')).includes('held'),
  );
  await write('/etc/relayd/credentials/rotated', 'new\n', '0600');
  await must('systemctl', 'reload', 'relayd');
  await machine.until('the message', async () => other.taken.includes('rotated-1@dest.example'));
  other.close();
  await machine.must('tee', [config], text);
  await must('rm', '/etc/systemd/system/relayd.service.d/credentials.conf');
  await must('systemctl', 'daemon-reload');
  await restart();
});

test('kill -9: started again, nothing lost', async () => {
  await must('relayctl', 'pause', '--reason', 'test');
  const sent = await submit(machine, { password, name: 'killed', count: 50 });
  expect(sent.every(({ is }) => is === 'taken')).toBe(true);
  const pid = await mainPid();
  await must('sh', '-c', `kill -9 ${pid}`);
  await restartedSince(pid);
  await must('relayctl', 'resume');
  await arrived(...names('killed', 50));
  expect(upstream.taken.filter((path) => path.startsWith('killed-'))).toHaveLength(50);
});

test('the watchdog ends an event loop that stands still', async () => {
  await write(
    '/etc/systemd/system/relayd.service.d/watchdog.conf',
    '[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\n',
  );
  await must('systemctl', 'daemon-reload');
  await restart();
  const pid = await mainPid();
  await must('sh', '-c', `kill -STOP ${pid}`);
  await restartedSince(pid);
  expect(await journal()).toContain('Watchdog timeout');
  await must('rm', '/etc/systemd/system/relayd.service.d/watchdog.conf');
  await must('systemctl', 'daemon-reload');
  await restart();
});

test('20 restarts under load refuse no connection and lose no message', async () => {
  const load = submitAlong(machine, { password, name: 'load', everyMs: 200 });
  const readyTimes: number[] = [];
  for (let round = 0; round < 20; round++) {
    await restart();
    readyTimes.push(await readyMs());
    // Who waited is served before the next one.
    const before = load.sent.length;
    await machine.until('service', async () => load.sent.length >= before + 5);
  }
  const sent = await load.stop();
  const of = (is: string) => sent.filter((one) => one.is === is);
  report(
    `${sent.length} connections: ${of('taken').length} taken, ${of('answered').length + of('lost').length} cut by a restart`,
  );
  report(`READY after ${readyTimes.toSorted((a, b) => a - b).join(', ')} ms`);
  const replies = Map.groupBy([...of('answered'), ...of('lost')], ({ reply }) => reply);
  for (const [reply, { length }] of replies) report(`cut: ${length} times ${reply || 'closed'}`);
  expect(of('refused')).toEqual([]);
  // The quickest: others share this machine's processors with whatever else runs on it.
  expect(Math.min(...readyTimes)).toBeLessThan(2_000);
  const taken = of('taken').map(({ to }) => to);
  await arrived(...taken);
  const counts = Map.groupBy(upstream.taken, (path) => path);
  report(`delivered twice: ${taken.filter((path) => (counts.get(path)?.length ?? 0) > 1).length}`);
});

test('an upgrade with a full queue', async () => {
  await must('relayctl', 'pause', '--reason', 'upgrade');
  await submit(machine, { password, name: 'upgrade', count: 300 });
  const pid = await mainPid();
  const good = await must('cat', config);
  const deb = `/root/relayd_${packages.version}_amd64.deb`;

  // With a file that the new version would not start with, the old one goes on.
  await machine.must('tee', [config], good.replace('senders:', 'sendrs:'));
  expect(await install(deb)).toContain('goes on running');
  expect(await mainPid()).toBe(pid);
  await machine.must('tee', [config], good);

  await must('systemctl', 'reset-failed', 'relayd.service', 'relayd.socket');
  const load = submitAlong(machine, { password, name: 'meanwhile', everyMs: 100 });
  expect(await install('--reinstall', deb)).toMatch(/queue\.db: schema \d+, as it is/);
  const sent = await load.stop();
  expect(sent.filter(({ is }) => is === 'refused')).toEqual([]);
  expect(await mainPid()).not.toBe(pid);
  expect(await must('relayctl', 'status')).toContain(packages.version);
  await must('relayctl', 'resume');
  await arrived(
    ...names('upgrade', 300),
    ...sent.filter(({ is }) => is === 'taken').map(({ to }) => to),
  );
});

test('a full disk below /var/lib/relayd: refused for now, nothing lost, and on it goes', async () => {
  const good = await must('cat', config);
  await must('systemctl', 'stop', 'relayd.socket', 'relayd.service');
  const options = 'size=8M,mode=0700,uid=relayd,gid=relayd';
  await must('mount', '-t', 'tmpfs', '-o', options, 'none', '/var/lib/relayd');
  // No reserve: the disk itself has to say no.
  await machine.must('tee', [config], `${good}limits: { disk_free: 1KiB }\n`);
  await must('systemctl', 'reset-failed', 'relayd.service');
  await must('systemctl', 'start', 'relayd.service');
  await must('relayctl', 'pause', '--reason', 'full');
  const sent = await submit(machine, { password, name: 'full', count: 60, size: 400_000 });
  const taken = sent.filter(({ is }) => is === 'taken').map(({ to }) => to);
  const refused = sent.filter(({ is }) => is === 'answered');
  report(`${taken.length} taken, then ${refused.length} times ${refused[0]?.reply}`);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every(({ reply }) => /^45[12]/.test(reply))).toBe(true);
  expect(await isActive()).toBe(true);
  await must('relayctl', 'resume');
  await arrived(...taken);
  expect(await submit(machine, { password, name: 'after', count: 1 })).toMatchObject([
    { is: 'taken' },
  ]);
  await arrived('after-1@dest.example');
  await must('systemctl', 'stop', 'relayd.socket', 'relayd.service');
  await must('umount', '/var/lib/relayd');
  await machine.must('tee', [config], good);
  await restart();
});

test('the journal has one event a line, each with its level', async () => {
  const lines = (await must('journalctl', '-u', 'relayd.service', '-o', 'json', '--no-pager'))
    .trim()
    .split('\n');
  const entries = lines.map(
    (line) => JSON.parse(line) as { PRIORITY: string; MESSAGE: string; _COMM?: string },
  );
  const events = entries
    .filter(({ MESSAGE }) => MESSAGE.startsWith('{'))
    .map((entry) => ({ ...entry, said: JSON.parse(entry.MESSAGE) as { level: string } }));
  expect(events.length).toBeGreaterThan(100);
  const priorities: Readonly<Record<string, string>> = {
    error: '3',
    warn: '4',
    info: '6',
    debug: '7',
  };
  expect(
    events.filter(({ said, PRIORITY }) => priorities[said.level] !== PRIORITY).slice(0, 3),
  ).toEqual([]);
  const warnings = await journal('-p', 'warning');
  expect(warnings).toContain('config.refused');
  expect(warnings).not.toContain('daemon.started');
});

test('the sandbox, and what the service takes', async () => {
  const security = await must('systemd-analyze', 'security', 'relayd.service', '--no-pager');
  const [, exposure = ''] =
    /Overall exposure level for relayd\.service: ([\d.]+)/.exec(security) ?? [];
  report(`systemd-analyze security: ${exposure}`);
  expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  expect(
    await must('systemd-analyze', 'verify', '--man=no', 'relayd.service', 'relayd.socket'),
  ).toBe('');
  await restart();
  expect(await residentAtRest()).toBeLessThanOrEqual(idleMibMax);
});

test('removed it stops and keeps configuration and queue; purged it is gone', async () => {
  await must('apt-get', 'remove', '-y', '-q', 'relayd-mta');
  expect(existsSync(file('usr/sbin/sendmail'))).toBe(false);
  await must('apt-get', 'remove', '-y', '-q', 'relayd');
  expect(await isActive()).toBe(false);
  expect((await submit(machine, { password, name: 'gone', count: 1 }))[0]?.is).toBe('refused');
  expect(existsSync(file(config.slice(1)))).toBe(true);
  expect(existsSync(file('var/lib/relayd/queue.db'))).toBe(true);
  await must('apt-get', 'purge', '-y', '-q', 'relayd');
  for (const path of [
    'etc/relayd',
    'var/lib/relayd',
    'usr/lib/relayd',
    'lib/systemd/system/relayd.service',
  ]) {
    expect(existsSync(file(path)), path).toBe(false);
  }
  const { out } = await machine.run('systemctl', ['is-enabled', 'relayd']);
  expect(out).not.toMatch(/^enabled/m);
});

test('a purge keeps mail that waits', async () => {
  await install(`/root/relayd_${packages.version}_amd64.deb`);
  const nobody = ['--provider', 'other', '--host', '127.0.0.1', '--port', '9', '--no-test'];
  await must('relayctl', 'init', ...nobody, ...loginIs);
  await must('systemctl', 'enable', '--now', 'relayd');
  const test = ['send-test', '--from', 'a@shop.example', '--to', 'waits@dest.example'];
  expect((await machine.run('relayctl', test)).code).toBe(75);
  expect(await must('apt-get', 'purge', '-y', '-q', 'relayd')).toContain('it is kept');
  expect(existsSync(file('var/lib/relayd/queue.db'))).toBe(true);
});
