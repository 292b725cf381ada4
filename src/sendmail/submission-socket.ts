import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { defaultConfigFile } from '../control/paths.ts';

/** Where relay.yaml of the documentation has it. */
const defaultSocket = '/run/relayd/submission.sock';

/**
 * The socket to submit to: $RELAYD_SUBMISSION, else the first unix: listener of the relay.yaml that
 * is named (-C, $RELAYD_CONFIG), else the usual one, else that of the usual relay.yaml, which most
 * users may not read.
 */
export async function submissionSocket(
  config: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const given = environment.RELAYD_SUBMISSION;
  // As relay.yaml writes it, or as a file name.
  if (given !== undefined && given !== '') return given.replace(/^unix:/, '');
  const named = config ?? environment.RELAYD_CONFIG;
  if (named === undefined && existsSync(defaultSocket)) return defaultSocket;
  return (await firstUnixListener(named ?? defaultConfigFile)) ?? defaultSocket;
}

async function firstUnixListener(file: string): Promise<string | null> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Not there, or not for this user: the usual socket is what is left.
    return null;
  }
  const { parseDocument } = await import('yaml');
  const plain: unknown = parseDocument(text, { logLevel: 'silent' }).toJS();
  const listeners = (plain as { listeners?: unknown } | null)?.listeners;
  const found = (Array.isArray(listeners) ? listeners : [])
    .map((listener: { listen?: unknown } | null) => /^unix:(.+)$/.exec(String(listener?.listen)))
    .find((match) => match !== null);
  return found?.[1] === undefined ? null : resolve(dirname(file), found[1]);
}
