import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { relaySchema } from '../../../src/config/schema/relay.ts';
import { loadText } from './temporary-file.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const example = readFileSync(join(root, 'relay.example.yaml'), 'utf8');

test('the generated files are those that the schema gives', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'generate.ts'), '--check'],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('the example is right but for its secrets, whatever its mode', async () => {
  const result = await loadText(example, { mode: 0o644 });
  if (result.ok) throw new Error('the secrets cannot be there');
  expect(result.problems.map(({ path }) => path)).toEqual([
    'clients.shop.password',
    'clients.office.password',
    'accounts.gmail.password',
    'accounts.sendgrid.password',
    'accounts.ses.password',
  ]);
});

test('each key that the example shows without using it is written as the schema wants it', () => {
  // A comment has one space after its #, a key that is not in use has none, or more below another one.
  const all = example.replaceAll(/^( *)#(?! \S)/gm, '$1');
  const result = relaySchema.safeParse(parse(all));
  expect(result.error?.issues).toBeUndefined();
});
