import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { formatSize } from '../lib/size.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import type { Inspection } from '../queue/backup/inspect.ts';
import { annotate, type Context, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { queueDirectory } from './socket-path.ts';
import { facts } from './table.ts';
import { count } from './text.ts';

const directoryHelp = 'the queue (default: queue.directory of the configuration file)';

/** `relayctl backup`, `relayctl restore` and `relayctl verify`: they work without the daemon. */
export function addBackup(program: Command, context: Context): void {
  backup(program, context);
  restore(program, context);
  verify(program, context);
}

function backup(program: Command, context: Context): void {
  const command = program
    .command('backup')
    .description('copy the whole queue to one file, also while relayd runs')
    .argument('<file>', 'a tar archive; one that exists is replaced when the new one is whole')
    .option('--directory <path>', directoryHelp);
  annotate(command, {
    examples: [
      ['backup /backup/relayd.tar', 'As root or as the user relayd. Nothing waits for it.'],
      ['verify --backup /backup/relayd.tar', 'Whether it could be restored.'],
    ],
    json: '{format, relayd, madeAt, directory, messages, recipients, history, missing[], files[]}',
  });
  onAction(command, context, async ({ args, io, options, location, print }) => {
    const { makeBackup } = await import('../queue/backup/make.ts');
    const manifest = await told(
      makeBackup({
        directory: await directoryFor(options, location, io.environment),
        file: String(args[0]),
        version: packageVersion(),
        nowMs: io.nowMs(),
      }),
    );
    const { files, messages, missing } = manifest;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    print(manifest, () =>
      [
        `${count(messages, 'message')} in ${count(files.length, 'file')}, ${formatSize(bytes)}`,
        ...missing.map((id) => `${id}: its body was missing in the spool already`),
        '',
      ].join('\n'),
    );
    return missing.length === 0 ? EX_OK : EX_DATAERR;
  });
}

const restoredWarning =
  'What was sent since the backup was made is sent again once relayd starts.\n' +
  'With --hold everything is held instead: queue list, then queue release or queue remove.\n';
const heldWarning =
  'All of it is held: queue list --state held, then queue release or queue remove.\n';

function restore(program: Command, context: Context): void {
  const command = program
    .command('restore')
    .description('put a backup in place of the queue; relayd must be stopped')
    .argument('<file>', 'what backup has made')
    .option('--directory <path>', directoryHelp)
    .option('--hold', 'hold everything that waits, so that nothing is sent twice unseen')
    .option('--force', 'also when the queue there holds mail, which is moved aside');
  annotate(command, {
    examples: [
      ['restore /backup/relayd.tar --hold', 'Then systemctl start relayd, and look at it.'],
      ['restore /backup/relayd.tar --directory /tmp/queue', 'Somewhere else, to look at it.'],
    ],
    json: '{manifest, inspection, movedTo: string | null}',
  });
  onAction(command, context, async ({ args, io, options, location, print }) => {
    const { restoreBackup } = await import('../queue/backup/restore.ts');
    const hold = options.hold === true;
    const restored = await told(
      restoreBackup({
        file: String(args[0]),
        directory: await directoryFor(options, location, io.environment),
        force: options.force === true,
        hold,
        nowMs: io.nowMs(),
      }),
    );
    const { manifest, inspection, movedTo } = restored;
    print(restored, () =>
      [
        `${count(manifest.messages, 'message')} of ${manifest.madeAt} are in ` +
          `${printable(inspection.directory)}.\n`,
        movedTo === null ? '' : `What was there is in ${printable(movedTo)}.\n`,
        ...inspection.faults.map((fault) => `${printable(fault)}\n`),
        manifest.messages === 0 ? '' : hold ? heldWarning : restoredWarning,
      ].join(''),
    );
    return inspection.faults.length === 0 ? EX_OK : EX_DATAERR;
  });
}

function verify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .description('read the whole queue and say what is broken; changes nothing')
    .option('--directory <path>', directoryHelp)
    .option('--backup <file>', 'a backup in place of the queue');
  annotate(command, {
    examples: [
      ['verify', 'Also while relayd runs. Exit code 65 when something is broken.'],
      ['verify --backup /backup/relayd.tar', 'Unpacks it beside itself for that.'],
    ],
    json: '{directory, messages, recipients, spoolFiles, history, unindexed, dotted, faults[], remarks[]}',
  });
  onAction(command, context, async ({ io, options, location, print }) => {
    const inspection = await inspect(options, location, io.environment);
    print(inspection, () => inspectionText(inspection));
    return inspection.faults.length === 0 ? EX_OK : EX_DATAERR;
  });
}

type Options = Readonly<Record<string, unknown>>;
type Location = Parameters<typeof queueDirectory>[0];
type Environment = Parameters<typeof queueDirectory>[1];

async function inspect(
  options: Options,
  location: Location,
  environment: Environment,
): Promise<Inspection> {
  if (typeof options.backup === 'string') {
    const { checkBackup } = await import('../queue/backup/restore.ts');
    const { inspection } = await told(checkBackup(options.backup));
    return { ...inspection, directory: options.backup };
  }
  const { inspectQueue } = await import('../queue/backup/inspect.ts');
  const directory = await directoryFor(options, location, environment);
  return told(Promise.resolve(directory).then(inspectQueue));
}

/** What a person does about faults, whatever they are. */
const advice = `
Nothing was changed. What cannot be read is quarantined when relayd meets it, and all other mail
goes on. Keep a copy of the directory; then stop relayd and restore a backup, or remove the messages
that are named (queue remove ID). docs/backup.md says more.
`;

function inspectionText(inspection: Inspection): string {
  const { recipients, faults, remarks } = inspection;
  const states = Object.entries(recipients).map(([state, number]) => `${number} ${state}`);
  const head = facts([
    ['Queue', printable(inspection.directory)],
    ['Messages', String(inspection.messages)],
    ['Recipients', states.join(', ') || 'none'],
    ['Spool', count(inspection.spoolFiles, 'file')],
    ['History', `${count(inspection.history, 'message')}, ${inspection.unindexed} not indexed yet`],
    ['Final dots out', String(inspection.dotted)],
  ]);
  const lines = (texts: readonly string[]) =>
    texts.map((text) => `  ${printable(text)}\n`).join('');
  const noted = remarks.length === 0 ? '' : `\nWorth knowing:\n${lines(remarks)}`;
  const verdict =
    faults.length === 0 ? '\nNothing is broken.\n' : `\nBroken:\n${lines(faults)}${advice}`;
  return head + noted + verdict;
}

async function directoryFor(
  { directory }: Options,
  location: Location,
  environment: Environment,
): Promise<string> {
  return typeof directory === 'string' ? directory : queueDirectory(location, environment);
}

/** By its name: the class is loaded with the work only. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackupError') throw error;
    throw new Failure('backup', EX_DATAERR, error.message);
  }
}
