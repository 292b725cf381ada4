import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSecret } from '../../../src/config/secrets.ts';
import { temporaryDirectory } from './temporary-file.ts';

function context(directory: string, sources: Record<string, string> = {}) {
  return { sources, directory, literalAllowed: false };
}

test('a file is read relative to relay.yaml, without its last line break', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'password'), 'geheim \r\n', { mode: 0o600 });
  const secret = await readSecret({ file: 'password' }, context(directory));
  expect(secret).toEqual({ is: 'read', text: 'geheim ', warning: null });
});

test('a file that everybody may read is refused', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'password');
  writeFileSync(file, 'geheim');
  chmodSync(file, 0o644);
  const why = `${file} is open to everybody; chmod 600 it`;
  expect(await readSecret({ file }, context('/'))).toEqual({ is: 'failed', why });
  chmodSync(file, 0o640); // root's, and the daemon's group: how packages keep it
  expect(await readSecret({ file }, context('/'))).toMatchObject({ is: 'read', text: 'geheim' });
});

test('a command does not get the variables that hold other secrets', async () => {
  const command = [process.execPath, '-p', 'process.env.TOKEN + process.env.PATH_TO'];
  const sources = { TOKEN: 'geheim', PATH_TO: '/x' };
  const secret = await readSecret({ command }, { ...context('/', sources), hidden: ['TOKEN'] });
  expect(secret).toMatchObject({ is: 'read', text: 'undefined/x' });
});

test('a credential is read from the directory that systemd gives', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'ses'), 'geheim', { mode: 0o400 });
  const sources = { CREDENTIALS_DIRECTORY: directory };
  const secret = await readSecret({ credential: 'ses' }, context('/', sources));
  expect(secret).toMatchObject({ is: 'read', text: 'geheim' });
});

test('a command runs without a shell, in the directory of relay.yaml, with the environment', async () => {
  const directory = temporaryDirectory();
  const command = [
    process.execPath,
    '-p',
    'process.cwd() + process.argv[1] + process.env.A',
    '$A;',
  ];
  const secret = await readSecret({ command }, context(directory, { A: 'b' }));
  expect(secret).toMatchObject({ is: 'read', text: `${directory}$A;b` });
});

test('more than one line, or nothing, is no secret, and the reason does not show it', async () => {
  const sources = { LINES: 'geheim\nsecond', EMPTY: '\n' };
  expect(await readSecret({ env: 'LINES' }, context('/', sources))).toEqual({
    is: 'failed',
    why: 'environment variable LINES holds more than one line',
  });
  expect(await readSecret({ env: 'EMPTY' }, context('/', sources))).toEqual({
    is: 'failed',
    why: 'environment variable EMPTY is empty',
  });
});

test('a command that prints without end is stopped', async () => {
  const secret = await readSecret({ command: ['/bin/cat', '/dev/zero'] }, context('/'));
  expect(secret).toEqual({ is: 'failed', why: '/bin/cat printed too much' });
});
