import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Settings } from '../relay/settings.ts';
import { buildSettings } from './build/settings.ts';
import { checkSchema, isObject } from './check.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { originsOf } from './origins.ts';
import { createReport, type Problem } from './problem.ts';
import { secretVariables } from './secret-variables.ts';
import { reasonOf, type SecretSources } from './secrets.ts';

export type LoadResult =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly warnings: readonly Problem[];
      /** Environment variables that secrets were read from. */
      readonly secretVariables: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What the result depends on besides the file and the secrets; the machine's own when left out. */
export interface LoadSurroundings {
  readonly nowMs?: number;
  readonly hostname?: string;
  /**
   * For comparing files away from the daemon: secrets that cannot be read here are warnings, and
   * equal when they are kept in the same place.
   */
  readonly standIns?: boolean;
}

const fileBytesMax = 4 * 1024 * 1024;

/**
 * Reads and checks relay.yaml, follows its references and fills in defaults. Never throws for what
 * stands in the file: all errors come back at once, in the order of the file.
 *
 * @param sources environment variables for `{env: NAME}` and $CREDENTIALS_DIRECTORY: `process.env`
 */
export async function loadSettings(
  file: string,
  sources: SecretSources,
  surroundings: LoadSurroundings = {},
): Promise<LoadResult> {
  const path = resolve(file);
  const read = await readText(path);
  if ('problem' in read) return { ok: false, problems: [read.problem] };
  const { document, faults } = readDocument(path, read.text);
  if (faults.length > 0) {
    const problems = faults.map((fault) => syntaxProblem(path, fault));
    return { ok: false, problems };
  }
  const report = createReport(document);
  const context = {
    document,
    report,
    secrets: {
      sources,
      hidden: secretVariables(document.plain),
      directory: dirname(path),
      literalAllowed: read.ownerOnly,
      standIns: surroundings.standIns ?? false,
    },
    nowMs: surroundings.nowMs ?? Date.now(),
    hostname: surroundings.hostname ?? hostname(),
  };
  return finish(document, report, await build(context));
}

type Context = Parameters<typeof buildSettings>[1];

async function build(context: Context): Promise<Settings | null> {
  const { plain } = context.document;
  if (plain !== null && !isObject(plain)) {
    context.report.error([], 'expected keys such as clients: and accounts: at the top');
    return null;
  }
  return buildSettings(checkSchema(context.document, context.report), context);
}

function finish(
  document: ConfigDocument,
  report: ReturnType<typeof createReport>,
  settings: Settings | null,
): LoadResult {
  const problems = report.problems();
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0 || settings === null) return { ok: false, problems: errors };
  return {
    ok: true,
    settings: { ...settings, origins: originsOf(document, settings) },
    warnings: problems,
    secretVariables: secretVariables(document.plain),
  };
}

type FileText = { text: string; ownerOnly: boolean } | { problem: Problem };

async function readText(file: string): Promise<FileText> {
  const refuse = (message: string): FileText => ({
    problem: { file, line: 1, column: 1, path: '', message, severity: 'error' },
  });
  try {
    const { mode, size } = await stat(file);
    if (size > fileBytesMax) return refuse(`${file} is larger than 4 MiB`);
    return { text: await readFile(file, 'utf8'), ownerOnly: (mode & 0o077) === 0 };
  } catch (error) {
    return refuse(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

function syntaxProblem(
  file: string,
  fault: { line: number; column: number; message: string },
): Problem {
  return { file, ...fault, path: '', severity: 'error' };
}
