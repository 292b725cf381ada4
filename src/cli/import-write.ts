import { access, chmod, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../import/model.ts';
import type { Rendered } from '../import/render.ts';
import { printable } from '../lib/printable.ts';
import { EX_CANTCREAT } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';
import { count } from './text.ts';

export interface Report {
  readonly source: string;
  /** Where it was written; null: nowhere yet. */
  readonly directory: string | null;
  readonly relayYaml: string;
  /** Names of the files below secrets/. */
  readonly secrets: readonly string[];
  readonly secretTexts: ReadonlyMap<string, string>;
  readonly accounts: readonly string[];
  readonly routes: number;
  readonly findings: readonly {
    readonly is: Finding['is'];
    readonly file: string;
    readonly line: number;
    readonly what: string;
    readonly why: string;
  }[];
}

export function importReport(rendered: Rendered, source: string): Report {
  return {
    source,
    directory: null,
    relayYaml: rendered.yaml,
    secrets: [...rendered.secrets.keys()],
    secretTexts: rendered.secrets,
    accounts: rendered.accounts,
    routes: rendered.routes,
    findings: rendered.findings.map(({ is, at, what, why }) => ({ is, ...at, what, why })),
  };
}

/** Writes relay.yaml (0644) and secrets/ (0700, files 0600). Nothing is replaced without `force`. */
export async function writeReport(
  report: Report,
  { to, force }: { readonly to: string; readonly force: boolean },
): Promise<Report> {
  const secrets = join(to, 'secrets');
  const files = [
    ...[...report.secretTexts].map(([name, text]) => ({
      path: join(secrets, name),
      text: `${text}\n`,
      mode: 0o600,
    })),
    { path: join(to, 'relay.yaml'), text: report.relayYaml, mode: 0o644 },
  ];
  try {
    if (!force) await refuseExisting(files.map(({ path }) => path));
    await mkdir(to, { recursive: true });
    if (report.secretTexts.size > 0) {
      await mkdir(secrets, { recursive: true, mode: 0o700 });
      await chmod(secrets, 0o700);
    }
    for (const file of files) await writeWhole(file);
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw new Failure('cannot-write', EX_CANTCREAT, `cannot write to ${to}: ${error.message}`);
  }
  return { ...report, directory: to };
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    throw new Failure('exists', EX_CANTCREAT, `${path} is there already; --force replaces it`);
  }
}

/** Never half a file, and never a moment in which others may read it. */
async function writeWhole(file: { path: string; text: string; mode: number }): Promise<void> {
  const temporary = `${file.path}.new`;
  const handle = await open(temporary, 'w', file.mode);
  try {
    await handle.chmod(file.mode);
    await handle.writeFile(file.text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file.path);
}

const TITLES: readonly (readonly [Finding['is'], string])[] = [
  ['carried', 'Carried over'],
  ['changed', 'Changed'],
  ['left-out', 'Not carried over'],
];

export function renderReport(report: Report): string {
  const { directory, secrets, findings } = report;
  const lists = TITLES.map(([is, title]) => {
    const own = findings.filter((finding) => finding.is === is);
    if (own.length === 0) return `${title}: nothing\n`;
    const lines = own.map(
      ({ file, line, what, why }) =>
        `  ${printable(file)}:${line}: ${printable(what)}\n      ${printable(why)}\n`,
    );
    return `${title}:\n${lines.join('')}`;
  }).join('\n');
  const summary = [
    count(report.accounts.length, 'account'),
    count(report.routes, 'route'),
    count(secrets.length, 'secret'),
  ].join(', ');
  if (directory === null) {
    const kept =
      secrets.length === 0 ? '' : ` and ${count(secrets.length, 'password')} to secrets/`;
    return `${report.relayYaml}\n${lists}\n${summary}. Nothing was written; --to DIRECTORY writes relay.yaml${kept}.\n`;
  }
  const place = printable(directory);
  return (
    `${lists}\n${summary}, written to ${place}/relay.yaml and ${place}/secrets/.\n` +
    `Next:\n  relayctl config check ${place}/relay.yaml\n` +
    `  chown -R relayd: ${place}/secrets   (the daemon has to read them)\n`
  );
}
