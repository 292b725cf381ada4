import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/daemon.ts';
import { plainConfig } from '../support/plain-config.ts';
import { daemon, mainLogin, simpleConfig, submit, temporaryDirectory, upstream } from './scene.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };

/** The table of docs/security.md. */
test('files and sockets have the modes that docs/security.md promises, whatever the umask', {
  timeout: 60_000,
}, async () => {
  const before = process.umask(0);
  try {
    const server = await upstream({ accounts: mainLogin });
    const relay = await daemon({ config: await simpleConfig(server) });
    await submit(relay.ports[0] ?? 0, mail);
    const queue = join(relay.directory, 'queue');
    const names = ['queue.db', 'queue.db-wal', 'history.db', 'dots', 'relayd.lock', 'relayd.pid'];
    expect(names.map((name) => `${name} ${modeOf(join(queue, name))}`)).toEqual(
      names.map((name) => `${name} 600`),
    );
    expect([modeOf(queue), modeOf(join(queue, 'spool'))]).toEqual(['700', '700']);
    expect(modeOf(join(relay.directory, 'control.sock'))).toBe('660');
  } finally {
    process.umask(before);
  }
});

test('it does not start where everybody could change its configuration or its queue', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'relay.yaml');
  const queue = join(directory, 'queue');
  const text = {
    ...plainConfig(25),
    queue: { directory: queue },
    control: { socket: join(directory, 'c.sock') },
  };
  writeFileSync(file, JSON.stringify(text));
  chmodSync(file, 0o602);
  mkdirSync(queue);
  chmodSync(queue, 0o777);
  const { code, stderr } = await runCommand('relayd', ['--config', file]);
  expect(code).toBe(78);
  expect(stderr).toContain(`${file} may be written by everybody`);
  expect(stderr).toContain(`${queue} may be written by everybody`);
});

test('a password from the environment is in nobody else’s reach but the process’s own start', {
  timeout: 60_000,
}, async () => {
  const server = await upstream({ accounts: mainLogin });
  const config = await simpleConfig(server);
  const { main } = config.accounts as { main: Record<string, unknown> };
  main.password = { env: 'UPSTREAM_PASSWORD' };
  // What a child of the relay inherits: its output is the password of a client.
  const command = ['/bin/sh', '-c', 'echo "p-$UPSTREAM_PASSWORD"'];
  config.clients = { app: { password: { command }, senders: ['*'] } };
  const environment = { UPSTREAM_PASSWORD: 'upstream-password' };
  const relay = await daemon({ config, environment });
  const login = { user: 'app', pass: 'p-' };
  await submit(relay.ports[0] ?? 0, mail, login);
  await server.taken(1);
  const commandLine = readFileSync(`/proc/${relay.pid}/cmdline`, 'latin1');
  expect(commandLine).not.toContain('upstream-password');
  // Measured: Node cannot wipe what the kernel keeps of the start; docs/security.md says so.
  expect(readFileSync(`/proc/${relay.pid}/environ`, 'latin1')).toContain('upstream-password');
  process.kill(relay.pid, 'SIGHUP');
  await relay.event('config.reloaded'); // a reload still finds it
});
