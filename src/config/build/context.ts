import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Secret } from '../../lib/secret.ts';
import type { ConfigDocument, PathPart } from '../document.ts';
import type { Report } from '../problem.ts';
import type { SecretReference } from '../schema/secret.ts';
import { readSecret, reasonOf, type SecretContext, UNREAD } from '../secrets.ts';

/** What turning relay.yaml into settings needs besides its text. */
export interface BuildContext {
  readonly document: ConfigDocument;
  readonly report: Report;
  readonly secrets: SecretContext;
  readonly nowMs: number;
  /** The machine's own name. */
  readonly hostname: string;
}

export type Path = readonly PathPart[];

/** Follows a reference; null after a report when it leads nowhere. */
export async function secretText(
  reference: SecretReference,
  path: Path,
  { report, secrets }: BuildContext,
): Promise<string | null> {
  const result = await readSecret(reference, secrets);
  if (result.is === 'failed') {
    report.error(path, result.why);
    return null;
  }
  if (result.warning !== null) report.warn(path, result.warning);
  return result.text;
}

export async function secretOrNull(
  reference: SecretReference | undefined,
  path: Path,
  context: BuildContext,
): Promise<Secret | null> {
  if (reference === undefined) return null;
  const text = await secretText(reference, path, context);
  return text === null ? null : new Secret(text);
}

/** Names of files in relay.yaml are relative to the directory it lies in. */
export function absolute(name: string, { secrets }: BuildContext): string {
  return resolve(secrets.directory, name);
}

/** Text of a PEM file; null after a report when it cannot be read or is something else. */
export function readPem(
  name: string,
  path: Path,
  { context, label }: { context: BuildContext; label: 'CERTIFICATE' | 'PRIVATE KEY' },
): string | null {
  const file = absolute(name, context);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const problem = `cannot read ${file}: ${reasonOf(error)}`;
    if (context.secrets.standIns === true) context.report.warn(path, `${problem}; ${UNREAD}`);
    else context.report.error(path, problem);
    return null;
  }
  if (text.includes(`${label}-----`)) return text;
  const what = label === 'CERTIFICATE' ? 'certificate' : 'private key';
  context.report.error(path, `${file} holds no ${what} in PEM form`);
  return null;
}
