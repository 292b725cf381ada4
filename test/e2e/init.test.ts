import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { runCommand } from '../support/daemon.ts';
import { openTerminal } from '../support/terminal.ts';
import { daemon, submit, temporaryDirectory, upstream } from './scene.ts';

const relayctl = [process.execPath, join(import.meta.dirname, '../../src/cli/relayctl.ts')];
const login = { 'erp@velosi.example': 'right-password' };

/** The upstream, and a place where its CA is trusted as the machine trusts others. */
async function scene() {
  const server = await upstream({ accounts: login });
  const directory = await temporaryDirectory();
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, server.ca ?? '');
  const etc = join(directory, 'etc');
  return {
    server,
    directory,
    etc,
    file: join(etc, 'relay.yaml'),
    environment: { NODE_EXTRA_CA_CERTS: ca },
  };
}

test('on a terminal: asks, hides the password, tries it, and writes what works', async () => {
  const { server, etc, file, environment } = await scene();
  const terminal = openTerminal([...relayctl, '--config', file, 'init'], environment);
  onTestFinished(terminal.kill);
  await terminal.answer('Provider (number, name, or a part of it): ', 'other');
  await terminal.answer('Name of the server: ', 'localhost');
  await terminal.answer('Its port [587]: ', String(server.port));
  await terminal.answer('(or @domain) of your apps: ', 'erp@velosi.example');
  await terminal.answer('Username [erp@velosi.example]: ', '');
  await terminal.answer('Password: ', 'wrong-password');
  await terminal.answer('Names of your apps, with commas [app]: ', 'shop');
  await terminal.answer('[p]assword again, [w]rite all the same, [q]uit: ', 'p');
  // While somebody decides there is nothing on the disk.
  expect(readdirSync(etc)).toEqual([]);
  await terminal.answer('Password: ', 'right-password');
  await terminal.answer('Lines to paste for', 'django');
  expect(await terminal.exited).toBe(0);
  const screen = terminal.screen();
  expect(screen).toContain('auth failed: 535');
  expect(screen).toContain(`Logged in at localhost:${server.port}`);
  expect(screen).toContain(`Written: ${file} (mode 0640)`);
  expect(screen).not.toMatch(/wrong-password|right-password/);
  expect(readFileSync(join(etc, 'secrets/upstream'), 'utf8')).toBe('right-password\n');

  // The relay that it made relays: with the name and the password that were shown.
  const [, password = ''] = /EMAIL_HOST_PASSWORD = '(\w+)'/.exec(screen) ?? [];
  const made = parse(readFileSync(file, 'utf8'));
  made.accounts.upstream.password = { file: join(etc, 'secrets/upstream') };
  const relay = await daemon({ config: made, environment });
  const mail = { from: 'erp@velosi.example', to: 'b@dest.test', text: 'x' };
  await submit(relay.ports[0] ?? 0, mail, { user: 'shop', pass: password });
  const [message] = await server.taken(1);
  expect(message?.authenticatedAs).toBe('erp@velosi.example');
});

test('Ctrl-C while the password is typed leaves nothing behind', async () => {
  const { server, directory, file, environment } = await scene();
  const options = ['--provider', 'other', '--host', 'localhost', '--port', String(server.port)];
  const sender = ['--address', 'erp@velosi.example', '--username', 'erp@velosi.example'];
  const terminal = openTerminal(
    [...relayctl, '--config', file, 'init', ...options, ...sender],
    environment,
  );
  onTestFinished(terminal.kill);
  await terminal.answer('Password: ', 'half\x03');
  expect(await terminal.exited).toBe(65);
  expect(readdirSync(directory)).toEqual(['ca.pem']);
});

test('for scripts: a login that fails is exit code 69 and writes nothing', async () => {
  const { server, directory, etc, file, environment } = await scene();
  const secret = join(directory, 'password.txt');
  const run = (password: string) => {
    writeFileSync(secret, `${password}\n`);
    const host = ['--provider', 'other', '--host', 'localhost', '--port', String(server.port)];
    const who = ['--address', 'erp@velosi.example', '--password-file', secret, '--yes'];
    return runCommand('relayctl', ['--config', file, 'init', ...host, ...who], { environment });
  };
  const failed = await run('wrong-password');
  expect(failed.code).toBe(69);
  expect(failed.stderr).toContain('auth failed: 535');
  expect(failed.stderr).toContain('nothing was written');
  expect(readdirSync(etc)).toEqual([]);
  expect((await run('right-password')).code).toBe(0);
  expect(readdirSync(etc).toSorted()).toEqual(['relay.yaml', 'secrets']);
  expect((await run('right-password')).code).toBe(73);
});
