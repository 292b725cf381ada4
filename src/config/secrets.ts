import { execFile } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { SecretReference } from './schema/secret.ts';

/** Environment variables: `process.env` in the daemon. */
export type SecretSources = Readonly<Record<string, string | undefined>>;

export interface SecretContext {
  readonly sources: SecretSources;
  /** Variables of `sources` that hold secrets: commands do not get them. */
  readonly hidden?: readonly string[];
  /** Relative file names begin here. */
  readonly directory: string;
  /** relay.yaml is readable by its owner only, so it may hold secrets itself. */
  readonly literalAllowed: boolean;
  /** Files that everybody may read will do: the secret is on its way to a better place. */
  readonly openFiles?: boolean;
  /** A reference that leads nowhere here is no error: the reference itself stands for the secret. */
  readonly standIns?: boolean;
}

/** The text of a secret, or why there is none; a reason never holds the value. */
export type SecretText =
  | { readonly is: 'read'; readonly text: string; readonly warning: string | null }
  | { readonly is: 'failed'; readonly why: string };

const secretBytesMax = 64 * 1024;
const commandMsMax = 10_000;

export async function readSecret(
  reference: SecretReference,
  context: SecretContext,
): Promise<SecretText> {
  const source = await readSource(reference, context);
  if (source.is === 'failed') return standIn(reference, source, context);
  // Editors and `echo` end a file with a line break that is no part of the secret.
  const text = source.text.replace(/[\r\n]+$/, '');
  if (text === '') return failed(`${nameOf(reference)} is empty`);
  if (/[\r\n\0]/.test(text)) return failed(`${nameOf(reference)} holds more than one line`);
  return { ...source, text };
}

/** No secret begins like this: readSecret refuses those that hold a zero byte. */
const STAND_IN = '\0';

/** Whether the text is a reference in place of a secret that could not be read. */
export function isStandIn(text: string): boolean {
  return text.startsWith(STAND_IN);
}

function standIn(
  reference: SecretReference,
  failure: Extract<SecretText, { is: 'failed' }>,
  { standIns }: SecretContext,
): SecretText {
  if (standIns !== true || typeof reference === 'string') return failure;
  const warning = `${failure.why}; ${UNREAD}`;
  return { is: 'read', text: STAND_IN + JSON.stringify(reference), warning };
}

/** Ends the warning about what could not be read for a comparison. */
export const UNREAD = 'it is compared by where it is kept';

/** Whether the warning is about a stand-in. */
export function isUnread({ message }: { readonly message: string }): boolean {
  return message.endsWith(UNREAD);
}

const failed = (why: string): SecretText => ({ is: 'failed', why });
const read = (text: string): SecretText => ({ is: 'read', text, warning: null });

/** The reference in words, without what it leads to. */
function nameOf(reference: SecretReference): string {
  if (typeof reference === 'string') return 'the text';
  if ('env' in reference) return `environment variable ${reference.env}`;
  if ('file' in reference) return `file ${reference.file}`;
  if ('credential' in reference) return `credential ${reference.credential}`;
  return `the output of ${reference.command[0]}`;
}

async function readSource(reference: SecretReference, context: SecretContext): Promise<SecretText> {
  if (typeof reference === 'string') return readLiteral(reference, context);
  if ('env' in reference) {
    const text = context.sources[reference.env];
    return text === undefined ? failed(`${nameOf(reference)} is not set`) : read(text);
  }
  if ('file' in reference)
    return readFileSecret(resolve(context.directory, reference.file), context);
  if ('credential' in reference) return readCredential(reference.credential, context);
  return runCommand(reference.command, context);
}

function readLiteral(text: string, { literalAllowed }: SecretContext): SecretText {
  return literalAllowed
    ? read(text)
    : failed(
        'a secret stands in a file that others may read; chmod 600 the file, or use {env: NAME}, ' +
          '{file: PATH}, {credential: NAME} or {command: [...]}',
      );
}

async function readCredential(name: string, { sources }: SecretContext): Promise<SecretText> {
  const directory = sources.CREDENTIALS_DIRECTORY;
  if (directory === undefined || !isAbsolute(directory)) {
    return failed(
      `credential ${name}: systemd gave none ($CREDENTIALS_DIRECTORY is not set); ` +
        `the unit needs LoadCredential=${name}:PATH`,
    );
  }
  return readFileSecret(join(directory, name), {});
}

async function readFileSecret(
  path: string,
  { openFiles }: Pick<SecretContext, 'openFiles'>,
): Promise<SecretText> {
  try {
    const found = await stat(path);
    const open = found.isFile() && (found.mode & 0o006) !== 0;
    if (open && openFiles !== true) return failed(`${path} is open to everybody; chmod 600 it`);
    return read(await readStart(path));
  } catch (error) {
    return failed(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** A device or a pipe without end must not fill the memory. */
async function readStart(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(secretBytesMax) });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function withoutSecrets({ sources, hidden = [] }: SecretContext): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(sources).filter(([name]) => !hidden.includes(name)));
}

function runCommand(command: readonly string[], context: SecretContext): Promise<SecretText> {
  const [program = '', ...words] = command;
  const options = {
    cwd: context.directory,
    env: withoutSecrets(context),
    timeout: commandMsMax,
    killSignal: 'SIGKILL',
    maxBuffer: secretBytesMax,
    encoding: 'utf8',
  } as const;
  return new Promise((done) => {
    execFile(program, words, options, (error, output) => {
      // The error's own text holds the command line and may hold output: it is not repeated.
      done(error === null ? read(output) : failed(`${program} ${commandFailure(error)}`));
    });
  });
}

function commandFailure(error: { killed?: boolean; code?: unknown; signal?: unknown }): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much';
  if (error.killed === true) return `did not end within ${commandMsMax / 1000} s`;
  if (typeof error.code === 'number') return `failed with exit code ${error.code}`;
  if (typeof error.code === 'string') return `cannot be run: ${reasonOf(error)}`;
  return `was ended by ${String(error.signal)}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'too many symbolic links',
};

/** A system error in words. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return 'unknown error';
  return REASONS[code] ?? code;
}
