import { type ChildProcess, spawn } from 'node:child_process';
import type { AlertDestination, AlertOutcome } from '../relay/alert.ts';
import { codeOf } from './state-file.ts';
import type { Telling } from './webhook.ts';

/** Between the request to end and the end; no longer than it was given at all. */
const graceMs = 2_000;
/** The same when the relay stops. */
const stopGraceMs = 200;
/** As much of its output as the log shows. */
const outputBytesMax = 1_000;

/**
 * Runs a program with an alert on its standard input. It gets PATH and nothing else of our
 * environment, where secrets may be. Never rejects.
 */
export function runCommand(
  { run, timeoutMs }: AlertDestination & { is: 'command' },
  { body, cut }: Telling,
): Promise<AlertOutcome> {
  const [program = '', ...args] = run;
  const { promise, resolve } = Promise.withResolvers<AlertOutcome>();
  // A group of its own, so that what it starts can be ended with it.
  const child: ChildProcess = spawn(program, args, {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
    stdio: 'pipe',
  });
  const output = collect(child);
  let late = false;
  let killing: NodeJS.Timeout | undefined;
  const end = (withinMs: number): void => {
    signalGroup(child, 'SIGTERM');
    clearTimeout(killing);
    killing = setTimeout(() => signalGroup(child, 'SIGKILL'), withinMs);
  };
  const limit = setTimeout(() => {
    late = true;
    end(Math.min(graceMs, timeoutMs));
  }, timeoutMs);
  const onCut = (): void => end(stopGraceMs);
  if (cut.aborted) onCut();
  cut.addEventListener('abort', onCut);
  const done = (outcome: AlertOutcome): void => {
    clearTimeout(limit);
    // What ignores the end of its parent is not waited for, but it does not outlive its time either.
    if (killing !== undefined) signalGroup(child, 'SIGKILL');
    clearTimeout(killing);
    cut.removeEventListener('abort', onCut);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    resolve(outcome);
  };
  child.once('error', (error) => done({ is: 'retry', detail: error.message }));
  child.once('exit', (code, signal) => {
    // What was written before the end is read first.
    setImmediate(() => done(outcomeOf({ code, signal, late, timeoutMs }, output())));
  });
  // A program that does not read is no fault; without a descriptor left there is no pipe at all.
  child.stdin?.on('error', () => {});
  child.stdin?.end(body);
  return promise;
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly late: boolean;
  readonly timeoutMs: number;
}

function outcomeOf({ code, signal, late, timeoutMs }: End, output: string): AlertOutcome {
  const how = late
    ? `ended after ${timeoutMs / 1000} s`
    : signal === null
      ? `exit code ${code}`
      : `ended by ${signal}`;
  const detail = output === '' ? how : `${how}: ${output}`;
  return { is: code === 0 && !late ? 'told' : 'retry', detail };
}

/** The beginning of what it says, on one line. */
function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (bytes >= outputBytesMax) return;
      chunks.push(chunk.subarray(0, outputBytesMax - bytes));
      bytes += chunk.length;
    });
  }
  return () =>
    Buffer.concat(chunks)
      .toString('utf8')
      .replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+/gu, ' ')
      .trim();
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It has ended by itself, or it became another user's: then it ends when it wants.
    if (!['ESRCH', 'EPERM'].includes(codeOf(error))) throw error;
  }
}
