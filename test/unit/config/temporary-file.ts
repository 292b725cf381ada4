import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LoadResult, type LoadSurroundings, loadSettings } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { Settings } from '../../../src/relay/settings.ts';

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Loads a relay.yaml of this text from its own directory, with mode 0600: it may hold literal secrets. */
export async function loadText(
  text: string,
  options: LoadSurroundings & {
    readonly env?: Readonly<Record<string, string>>;
    readonly mode?: number;
    readonly directory?: string;
  } = {},
): Promise<LoadResult> {
  const file = join(options.directory ?? temporaryDirectory(), 'relay.yaml');
  writeFileSync(file, text);
  chmodSync(file, options.mode ?? 0o600);
  return loadSettings(file, options.env ?? {}, options);
}

/** Settings of a relay.yaml that must be right. */
export async function settingsOf(
  text: string,
  options: Parameters<typeof loadText>[1] = {},
): Promise<Settings> {
  const result = await loadText(text, options);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.settings;
}

/** Errors, or else warnings, one line each. */
export async function problemsOf(
  text: string,
  options: Parameters<typeof loadText>[1] = {},
): Promise<string[]> {
  const result = await loadText(text, options);
  return (result.ok ? result.warnings : result.problems).map(formatProblem);
}
