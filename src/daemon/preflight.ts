import { readFileSync } from 'node:fs';
import { EX_CANTCREAT, EX_OK, EX_SOFTWARE } from '../lib/sysexits.ts';
import { QueueOpenError } from '../queue/open-error.ts';
import { tryMigrations } from '../queue/try-migrations.ts';
import { describeError } from './describe-error.ts';

/**
 * The environment of the running daemon, as /proc/PID/environ has it, from standard input: the
 * secrets of relay.yaml may be there, or in its credentials directory. Our own when nothing comes.
 */
export function environmentFrom(descriptor: number, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const pairs = readFileSync(descriptor, 'utf8')
    .split('\0')
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
  return pairs.length === 0 ? own : Object.fromEntries(pairs);
}

/** Tries on copies what a start would do to the queue, and says so. Resolves with an exit code. */
export function tryQueue(directory: string): number {
  try {
    for (const { path, from, to, empty } of tryMigrations(directory)) {
      const what = from === to ? `schema ${to}, as it is` : `schema ${from} migrates to ${to}`;
      process.stdout.write(`${path}: ${what}${empty ? '; nothing waits' : ''}\n`);
    }
    return EX_OK;
  } catch (error) {
    if (error instanceof QueueOpenError) {
      process.stderr.write(`${error.message}\n`);
      return EX_CANTCREAT;
    }
    process.stderr.write(`the queue would not migrate: ${describeError(error)}\n`);
    return EX_SOFTWARE;
  }
}
