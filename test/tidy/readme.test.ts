import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import { root } from './sources.ts';

test("the README's relay.yaml is valid but for the secrets that only its reader has", async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, example = ''] = /^```yaml\n(.*?)^```/ms.exec(readme) ?? [];
  const directory = await mkdtemp(join(tmpdir(), 'relayd-readme-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'relay.yaml');
  await writeFile(file, example);
  const secrets = join(directory, 'credentials');
  const loaded = await loadSettings(file, {
    APP_PASSWORD: 'p',
    GMAIL_APP_PASSWORD: 'abcd efgh ijkl mnop',
    CREDENTIALS_DIRECTORY: secrets,
  });
  const problems = loaded.ok ? [] : loaded.problems.map(({ path }) => path);
  expect(problems).toEqual(['accounts.sendgrid.password', 'accounts.ses.password']);
});
