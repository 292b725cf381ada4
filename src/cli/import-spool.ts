import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../config/secrets.ts';
import { importPieceBytes } from '../control/wire.ts';
import { isSpoolId, readSpooled, type SpooledMessage } from '../import/exim/spool.ts';
import { ImportError } from '../import/model.ts';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_NOINPUT, EX_OK, EX_TEMPFAIL } from '../lib/sysexits.ts';
import type { Invocation } from './command.ts';
import { Failure } from './failure.ts';
import { count } from './text.ts';

/** What became of one message of the spool. */
interface Handed {
  readonly exim: string;
  readonly is: 'taken' | 'there-already' | 'left';
  /** Ours, null when it was left. */
  readonly id: string | null;
  readonly accounts: readonly string[];
  readonly held: boolean;
  readonly recipients: number;
  /** Why it was left; '' otherwise. */
  readonly why: string;
}

/** Files of messages that were taken over go there, out of Exim's sight. */
const doneFolder = 'relayd-imported';

/**
 * Hands Exim's queue to the running daemon, message by message. Each is durable here before its files
 * are moved away there, and handing it over twice takes it once.
 */
export async function importSpool(invocation: Invocation, directory: string): Promise<number> {
  const { ask, options, print } = invocation;
  const heads = await headerFiles(directory);
  await refuseRunningExim(directory);
  // Nothing is read before the daemon has said that it is there.
  await ask('status', {});
  const handed: Handed[] = [];
  for (const head of heads) {
    const one = await handOver(invocation, head);
    handed.push(one);
    if (one.is !== 'left' && options.keep !== true) await putAside(head, directory);
  }
  const left = handed.filter(({ is }) => is === 'left').length;
  const moved = options.keep === true ? null : join(directory, doneFolder);
  print({ directory, moved, messages: handed }, () => renderHanded(handed, moved));
  return left === 0 ? EX_OK : EX_DATAERR;
}

/** Every ID-H below input/, split into subdirectories or not, in the order of their ids. */
async function headerFiles(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory, { recursive: true });
    return names
      .filter((name) => !name.split('/').includes(doneFolder))
      .filter((name) => name.endsWith('-H') && isSpoolId(basename(name).slice(0, -2)))
      .toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1))
      .map((name) => join(directory, name));
  } catch (error) {
    throw new Failure('no-input', EX_NOINPUT, `cannot read ${directory}: ${reasonOf(error)}`);
  }
}

/** Two programs with the same queue would both send it. */
async function refuseRunningExim(directory: string): Promise<void> {
  const files = [join(directory, 'exim-daemon.pid'), join(directory, '../exim-daemon.pid')];
  if (/^\/var\/spool\/exim/.test(directory)) files.push('/run/exim4/exim.pid', '/run/exim.pid');
  for (const file of files) {
    const pid = Number(await readFile(file, 'utf8').catch(() => ''));
    const name = pid > 0 ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') : '';
    if (!name.startsWith('exim')) continue;
    throw new Failure(
      'refused',
      EX_TEMPFAIL,
      `Exim is running (process ${pid}) and would send the same mail; stop it first`,
    );
  }
}

async function handOver({ ask }: Invocation, head: string): Promise<Handed> {
  const exim = basename(head).slice(0, -2);
  const left = (why: string, recipients = 0): Handed => ({
    exim,
    is: 'left',
    id: null,
    accounts: [],
    held: false,
    recipients,
    why,
  });
  let message: SpooledMessage;
  try {
    message = await readMessage(head, exim);
  } catch (error) {
    if (error instanceof ImportError) return left(error.message);
    throw error;
  }
  const recipients = message.recipients.length;
  if (recipients === 0) return left('all its recipients have it');
  try {
    const taken = await send(ask, message);
    return { ...taken, exim, is: taken.fresh ? 'taken' : 'there-already', recipients, why: '' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    // A message that the daemon does not want stays where it is; the others go on.
    if (code !== 'refused' && code !== 'invalid') throw error;
    return left((error as Error).message, recipients);
  }
}

async function readMessage(head: string, id: string): Promise<SpooledMessage> {
  const base = head.slice(0, -2);
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((error: unknown) => {
      throw new ImportError(`${basename(path)} cannot be read: ${reasonOf(error)}`);
    });
  const [header, data] = await Promise.all([read(head), read(`${base}-D`)]);
  const journal = await readFile(`${base}-J`).catch(() => null);
  return readSpooled({ id, header, data, journal });
}

async function send(ask: Invocation['ask'], message: SpooledMessage) {
  const { id: key, bytes } = message;
  for (let offset = 0; offset < bytes.length; offset += importPieceBytes) {
    const base64 = bytes.subarray(offset, offset + importPieceBytes).toString('base64');
    await ask('import.piece', { key, offset, base64 });
  }
  return ask('import.message', {
    key,
    bytes: bytes.length,
    receivedAtMs: message.receivedAtMs,
    frozen: message.frozen,
    client: message.authenticatedAs,
    reversePath: message.reversePath,
    recipients: message.recipients.map(({ address, notify, orcpt }) => ({
      forwardPath: address,
      notify,
      orcpt,
    })),
    ret: message.ret,
    envid: message.envid,
    smtpUtf8: message.smtpUtf8,
  });
}

/** The body last: a header file alone is what Exim would complain about. */
async function putAside(head: string, directory: string): Promise<void> {
  const folder = join(directory, doneFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const base = head.slice(0, -2);
  for (const part of ['-H', '-J', '-D']) {
    const target = join(folder, basename(`${base}${part}`));
    await rename(`${dirname(head)}/${basename(base)}${part}`, target).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    });
  }
}

function renderHanded(handed: readonly Handed[], moved: string | null): string {
  if (handed.length === 0) return 'The spool is empty.\n';
  const lines = handed.map(({ exim, is, id, accounts, held, recipients, why }) => {
    const to = accounts.length === 0 ? 'no account' : accounts.map(printable).join(', ');
    if (is === 'left') return `${exim}: left in the spool: ${printable(why)}\n`;
    if (is === 'there-already') return `${exim}: ${id}: was taken over before\n`;
    return `${exim}: ${id}: ${count(recipients, 'recipient')}, ${held ? 'held' : 'waiting'} for ${to}\n`;
  });
  const taken = handed.filter(({ is }) => is === 'taken').length;
  const where = moved === null ? '' : ` Files of what was taken over are in ${printable(moved)}.`;
  return `${lines.join('')}\n${count(taken, 'message')} taken over, ${handed.length - taken} not.${where}\n`;
}
