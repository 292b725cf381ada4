import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type LoadResult, loadSettings } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { FileReader, Imported } from '../../../src/import/model.ts';
import { render } from '../../../src/import/render.ts';
import { planLanes } from '../../../src/policy/route.ts';
import type { Settings } from '../../../src/relay/settings.ts';

/** Configurations as users have them; the tests with the real programs use the same. */
export const samples = join(import.meta.dirname, '../../import');

export function sample(path: string): { path: string; text: string } {
  return { path, text: readFileSync(join(samples, path), 'utf8') };
}

/** Reads absolute names from below one of the samples. */
export function below(folder: string): FileReader {
  return (path) => {
    try {
      return readFileSync(join(samples, folder, path), 'utf8');
    } catch {
      return null;
    }
  };
}

/** Files by name, and nothing else. */
export function given(files: Readonly<Record<string, string>>): FileReader {
  return (path) => files[path] ?? null;
}

export interface Checked {
  readonly settings: Settings;
  readonly yaml: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** `carried exim.conf:3: what: why` */
  readonly findings: readonly string[];
  /** `account, account`, `discard`, `hold` or `reject` for mail from one to the other. */
  route(sender: string, recipient?: string): string;
  password(account: string): string | undefined;
}

/** What `relayctl import` would write, as the daemon reads it: it has to be right. */
export async function checked(imported: Imported): Promise<Checked> {
  const rendered = render(imported, 'the files');
  const directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of rendered.secrets) {
    const file = join(directory, 'secrets', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
  }
  const file = join(directory, 'relay.yaml');
  writeFileSync(file, rendered.yaml);
  // Others may read it: a secret in it would be an error.
  chmodSync(file, 0o644);
  const loaded: LoadResult = await loadSettings(file, {});
  if (!loaded.ok)
    throw new Error(`${loaded.problems.map(formatProblem).join('\n')}\n${rendered.yaml}`);
  const looks = /does not look right|anybody on the way can read|everybody logs in as/;
  expect(loaded.warnings.map(formatProblem).filter((text) => !looks.test(text))).toEqual([]);
  for (const secret of rendered.secrets.values()) {
    if (secret.length > 3) expect(rendered.yaml).not.toContain(secret);
  }
  const { settings } = loaded;
  return {
    settings,
    yaml: rendered.yaml,
    secrets: rendered.secrets,
    findings: rendered.findings.map(
      ({ is, at, what, why }) => `${is} ${at.file}:${at.line}: ${what}: ${why}`,
    ),
    route: (sender, recipient = 'someone@remote.test') => {
      const author = { reversePath: sender, from: [sender], own: false, bytes: 0 };
      const facts = { client: 'local', sender, author, boundAccount: null, headers: {} };
      const [plan] = planLanes(settings, { ...facts, recipients: [recipient] });
      return plan?.action === 'deliver' ? (plan.lane ?? '') : (plan?.action ?? '');
    },
    password: (account) => settings.accounts.get(account)?.password?.reveal(),
  };
}
