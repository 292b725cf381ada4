import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  obstacle,
  READ,
  type ServiceUser,
  serviceUser,
  WRITE,
} from '../../../src/cli/service-user.ts';
import { makeCa, makeCertificate } from '../../support/certificates.ts';
import { nowMs, relayctl } from './harness.ts';

const own = userInfo().username;
const day = 86_400_000;

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayctl-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Some {
  readonly listen?: string;
  readonly host?: string;
  readonly more?: string;
}

function write(
  directory: string,
  { listen = '127.0.0.1:0', host = 'localhost', more = '' }: Some = {},
) {
  mkdirSync(join(directory, 'secrets'), { recursive: true });
  writeFileSync(join(directory, 'secrets/up'), 'geheim-2\n', { mode: 0o600 });
  const path = join(directory, 'relay.yaml');
  const text = `
listeners: [{listen: "${listen}"${more}}]
clients:
  velosi: {password: {env: VELOSI}, senders: [erp@velosi.example]}
accounts:
  up: {host: ${host}, username: erp@velosi.example, password: {file: secrets/up}}
routes:
  - {sender: erp@velosi.example, accounts: [up]}
queue: {directory: queue}
observe: {listen: off}
control: {socket: c.sock}
`;
  writeFileSync(path, text, { mode: 0o640 });
  return path;
}

const environment = { VELOSI: 'geheim-1' };
const check = (path: string, ...more: string[]) => [
  'config',
  'check',
  path,
  '--bind',
  '--user',
  own,
  ...more,
];

test('all that a start needs is there', async () => {
  const directory = place();
  const path = write(directory);
  const ran = await relayctl(check(path), { environment, daemon: null });
  const shown = ran.out
    .replaceAll(directory, 'DIR')
    .replaceAll(own, 'ME')
    .replace(/localhost of up: .*/, 'localhost of up: ADDRESSES');
  expect(shown).toBe(
    'Tried for ME:\n' +
      '  ok       listener 127.0.0.1:0: free\n' +
      '  ok       control socket unix:DIR/c.sock: ME may make it\n' +
      '  ok       configuration: ME may read DIR/relay.yaml\n' +
      '  ok       clients.velosi.password: VELOSI is set here; the service needs it in its own environment\n' +
      '  ok       accounts.up.password: ME may read DIR/secrets/up\n' +
      '  ok       queue.directory: ME may make DIR/queue\n' +
      '  ok       localhost of up: ADDRESSES\n' +
      'DIR/relay.yaml: no errors\n',
  );
  expect(ran.exitCode).toBe(0);
});

test('an address in use: by another program it would fail, by our own daemon it is fine', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const listen = `127.0.0.1:${port}`;
  const path = write(place(), { listen });
  const alone = await relayctl(check(path), { environment, daemon: null });
  expect(alone.exitCode).toBe(78);
  expect(alone.out).toMatch(
    new RegExp(`FAILED .*listener ${listen}: .*in use by .*\\(pid ${process.pid}\\)`),
  );
  expect(alone.out).toContain(': 1 thing would fail\n');
  const settings = {
    listeners: [{ listen }],
    control: { socket: path.replace('relay.yaml', 'c.sock') },
  };
  const daemon = {
    status: async () => ({ pid: 77 }) as never,
    'config.show': async () => ({ file: path, settings, origins: {} }),
  };
  const ours = await relayctl(check(path), { environment, daemon });
  expect(ours.exitCode).toBe(0);
  expect(ours.out).toContain(`listener ${listen}: held by the running relayd (pid 77)`);
  expect(ours.out).toMatch(/control socket unix:\S+: held by the running relayd/);
});

test('a socket that somebody answers on, and a file in its place', async () => {
  const directory = place();
  const path = write(directory);
  const socket = join(directory, 'c.sock');
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  const taken = await relayctl(check(path), { environment, daemon: null });
  expect(taken.out).toContain(
    `FAILED   control socket unix:${socket}: another process listens on it`,
  );
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(socket, '');
  const file = await relayctl(check(path), { environment, daemon: null });
  expect(file.out).toContain(`unix:${socket}: a file that is no socket is in the way`);
  expect(file.exitCode).toBe(78);
});

test('header fields with the names of keys are no files', async () => {
  const directory = place();
  const path = write(directory);
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace('{host: localhost,', '{host: localhost, headers: {key: x, file: y},'),
  );
  const ran = await relayctl(check(path), { environment, daemon: null });
  expect(ran.exitCode).toBe(0);
  expect(ran.out).not.toContain('headers');
});

test('a host that the DNS does not know, as JSON', async () => {
  const path = write(place(), { host: 'no-such-host.invalid' });
  const ran = await relayctl(['--json', ...check(path)], { environment, daemon: null });
  expect(ran.exitCode).toBe(78);
  const { ok, bind } = JSON.parse(ran.out);
  expect(ok).toBe(false);
  expect(bind.user).toBe(own);
  expect(bind.findings.at(-1)).toMatchObject({
    subject: 'no-such-host.invalid of up',
    is: 'failed',
  });
});

test.each([
  ['ends soon', 5 * day, 'warning  certificate of 127.0.0.1:0: the key fits, 5 days left', 0],
  ['is over', -5 * day, 'FAILED   certificate of 127.0.0.1:0: ended on', 78],
  ['is fine', 90 * day, 'ok       certificate of 127.0.0.1:0: the key fits, 90 days left', 0],
])('a certificate that %s', async (_, leftMs, text, exitCode) => {
  const directory = place();
  const pair = await makeCertificate(await makeCa(), {
    names: ['localhost'],
    notBefore: new Date(nowMs - 30 * day),
    notAfter: new Date(nowMs + leftMs + 60_000),
  });
  writeFileSync(join(directory, 'cert.pem'), pair.certificate);
  writeFileSync(join(directory, 'key.pem'), pair.key, { mode: 0o600 });
  const path = write(directory, { more: ', tls: starttls, certificate: cert.pem, key: key.pem' });
  const ran = await relayctl(check(path), { environment, daemon: null });
  expect(ran.out).toContain(text);
  expect(ran.out).toContain('listeners[0].key:');
  expect(ran.exitCode).toBe(exitCode);
});

test('a file with errors is not tried, an unknown user and a lonely option are mistakes', async () => {
  const path = write(place());
  const ran = await relayctl(check(path), { daemon: null });
  expect(ran.exitCode).toBe(78);
  expect(ran.out).not.toContain('Tried for');
  const nobody = await relayctl(['config', 'check', path, '--bind', '--user', 'no-such'], {
    environment,
    daemon: null,
  });
  expect(nobody).toMatchObject({
    exitCode: 65,
    err: 'relayctl: there is no user no-such on this machine\n',
  });
  expect((await relayctl('config check --bind --user')).exitCode).toBe(64);
});

const user = (some: Partial<ServiceUser>): ServiceUser => ({
  name: 'relayd',
  uid: 4_242,
  gids: [4_243],
  ...some,
});

test('who may read and write is told by owner, group and mode, down the whole path', () => {
  const directory = place();
  chmodSync(directory, 0o755);
  const file = join(directory, 'secret');
  writeFileSync(file, 'x', { mode: 0o640 });
  const { uid, gid } = userInfo();
  expect(obstacle(file, user({ uid: 0 }), READ)).toBeNull();
  expect(obstacle(file, user({ gids: [gid] }), READ)).toBeNull();
  expect(obstacle(file, user({ gids: [gid] }), WRITE)).toContain('relayd may not write to');
  expect(obstacle(file, user({}), READ)).toBe(
    `relayd may not read ${file} (mode 0640, owner ${uid}, group ${gid})`,
  );
  chmodSync(directory, 0o700);
  expect(obstacle(file, user({ gids: [gid] }), READ)).toContain(
    `relayd may not enter ${directory} (`,
  );
  expect(obstacle(join(directory, 'none'), user({ uid: 0 }), READ)).toContain('does not exist');
});

test('the service user by name', () => {
  expect(serviceUser('root')).toMatchObject({ name: 'root', uid: 0 });
});
