import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const mib = 1024 * 1024;

test('the storage thread keeps to its own young generation under the flag of the launcher', () => {
  const child = join(import.meta.dirname, 'young-generation-child.ts');
  const said = execFileSync(process.execPath, ['--max-semi-space-size=16', child], {
    encoding: 'utf8',
  });
  const [main, storage] = JSON.parse(said) as [number, number];
  // V8 counts three halves: 16 MiB each there, 4 here.
  expect(main - storage).toBe(3 * (16 - 4) * mib);
});
