import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemsOf } from './temporary-file.ts';

/** Each folder holds a relay.yaml and what is said about it, all of it; `mode` is the file's when not 0600. */
const folder = join(import.meta.dirname, '..', '..', 'config');
const env = { SHOP: 'shop-password', UP: 'upstream-password' };
const nowMs = Date.parse('2026-06-01T12:00:00Z');

for (const name of readdirSync(folder).sort()) {
  test(`test/config/${name}`, async () => {
    const text = readFileSync(join(folder, name, 'relay.yaml'), 'utf8');
    const modeFile = join(folder, name, 'mode');
    const mode = existsSync(modeFile) ? Number.parseInt(readFileSync(modeFile, 'utf8'), 8) : 0o600;
    const lines = await problemsOf(text, { env, nowMs, mode, hostname: 'relay.example.org' });
    // File names in messages are absolute; the test's directory has another name every time.
    const told = lines.map((line) => line.replaceAll(/\S*\/relayd-config-[^/]+/g, '.'));
    expect(`${told.join('\n')}\n`).toBe(readFileSync(join(folder, name, 'expected'), 'utf8'));
  });
}
