import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { openTokenFiles } from '../../../src/queue/token-files.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import { temporaryDirectory } from './temporary.ts';

const token = (text: string, login: string | null = null) => ({
  refreshToken: new Secret(text),
  grant: 'g1',
  login,
});

test('tokens are kept for the next run, and for nobody else', async () => {
  const directory = temporaryDirectory();
  const vault = openTokenFiles(directory);
  expect(await vault.read()).toEqual(new Map());
  await vault.keep('m365', token('first'));
  await vault.keep('m365', token('second', '17'));
  await vault.keep('other.name', token('third'));
  const tokens = join(directory, 'tokens');
  expect(readdirSync(tokens).toSorted()).toEqual(['m365.json', 'other.name.json']);
  expect(statSync(tokens).mode & 0o777).toBe(0o700);
  expect(statSync(join(tokens, 'm365.json')).mode & 0o777).toBe(0o600);
  const again = await openTokenFiles(directory).read();
  expect(again.get('m365')?.refreshToken.reveal()).toBe('second');
  expect(again.get('m365')).toMatchObject({ grant: 'g1', login: '17' });
  await vault.remove('m365');
  await vault.remove('m365');
  expect([...(await vault.read()).keys()]).toEqual(['other.name']);
});

test('what is half written or makes no sense counts as none', async () => {
  const directory = temporaryDirectory();
  const tokens = join(directory, 'tokens');
  mkdirSync(tokens);
  writeFileSync(join(tokens, 'half.json.part'), '{"refresh');
  writeFileSync(join(tokens, 'broken.json'), '{"refresh');
  writeFileSync(join(tokens, 'null.json'), 'null');
  writeFileSync(join(tokens, 'empty.json'), '{"refresh_token":"","grant":"g1"}');
  const vault = openTokenFiles(directory);
  expect(await vault.read()).toEqual(new Map());
  await vault.keep('half', token('whole'));
  expect(readFileSync(join(tokens, 'half.json'), 'utf8')).toContain('whole');
});

test('a directory that cannot be written is a fault of the storage', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'tokens'), 'in the way');
  await expect(openTokenFiles(directory).keep('a', token('x'))).rejects.toThrow(StoreError);
});
