import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../test/support/daemon.ts';
import { end, greets } from '../test/support/postfix.ts';

/** The upstream of every peer: Postfix's smtp-sink, which throws everything away. */
export interface Sink {
  readonly port: number;
  /** Messages taken so far. */
  count(): number;
  /** Resolves when so many have been taken since the start. */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const port = await freePort();
  const child = spawn(
    'smtp-sink',
    ['-u', 'nobody', '-c', '-m', '1000', `127.0.0.1:${port}`, '1000'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let count = 0;
  let waiting: { count: number; resolve: () => void }[] = [];
  const onText = (chunk: Buffer): void => {
    const last = [...chunk.toString('latin1').matchAll(/mesg=(\d+)[^\d]/g)].at(-1)?.[1];
    if (last !== undefined) count = Number(last);
    for (const waiter of waiting.filter((one) => count >= one.count)) waiter.resolve();
    waiting = waiting.filter((one) => count < one.count);
  };
  child.stdout.on('data', onText);
  child.stderr.on('data', onText);
  await greets(port, child);
  return {
    port,
    count: () => count,
    reached: (target) =>
      new Promise((resolve) => {
        if (count >= target) resolve();
        else waiting.push({ count: target, resolve });
      }),
    close: () => end(child),
  };
}

export interface Load {
  readonly port: number;
  readonly sessions: number;
  readonly messages: number;
  readonly bytes: number;
  /** Sessions stay open from message to message instead of one message each. */
  readonly held: boolean;
}

/** Postfix's smtp-source; resolves when every message has been acknowledged. */
export async function submit(load: Load): Promise<void> {
  const child = spawn('smtp-source', [
    ...(load.held ? ['-d'] : []),
    ...['-s', String(load.sessions), '-m', String(load.messages), '-l', String(load.bytes)],
    ...['-M', 'bench.test', '-f', 'app@bench.test', '-t', 'somebody@sink.test', '-C', '20'],
    `127.0.0.1:${load.port}`,
  ]);
  const said = await lastWords(child);
  if (child.exitCode !== 0) throw new Error(`smtp-source failed: ${said}`);
}

async function lastWords(child: ChildProcess): Promise<string> {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    text = (text + chunk).slice(-1000);
  });
  await once(child, 'close');
  return text;
}
