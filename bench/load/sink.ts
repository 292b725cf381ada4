import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../test/support/free-port.ts';
import { end, greets } from '../../test/support/postfix.ts';
import { guard } from '../guard.ts';
import type { Secure } from '../peers/peer.ts';

/** The upstream of one peer. */
export interface Sink {
  readonly port: number;
  /** Messages taken so far. */
  count(): number;
  /** Resolves when so many have been taken since the start; rejects when no more come for a minute. */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

const patienceMs = 60_000;

/** Postfix's smtp-sink, which throws everything away. */
export async function startSink(): Promise<Sink> {
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const child = spawn('smtp-sink', ['-u', 'nobody', '-c', '-m', '1000', listen, '1000'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await greets(port, child);
  return counting(port, child);
}

/** One that offers STARTTLS. */
export async function startSecureSink(secure: Secure): Promise<Sink> {
  const main = join(import.meta.dirname, 'sink-main.ts');
  const child = spawn(process.execPath, [main, secure.certificateFile, secure.keyFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = (await once(lines, 'line')) as [string];
  return counting(Number(/^port=(\d+)$/.exec(first)?.[1]), child);
}

/** Both say `mesg=N ` every so often. */
function counting(port: number, child: ChildProcess): Sink {
  let count = 0;
  let changed = Promise.withResolvers<void>();
  const onText = (chunk: Buffer): void => {
    const last = [...chunk.toString('latin1').matchAll(/mesg=(\d+)[^\d]/g)].at(-1)?.[1];
    if (last === undefined || Number(last) === count) return;
    count = Number(last);
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const forget = guard(child.pid ?? 0);
  child.stdout?.on('data', onText);
  child.stderr?.on('data', onText);
  return {
    port,
    count: () => count,
    async reached(target) {
      while (count < target) {
        const silence = Promise.withResolvers<void>();
        const stopped = () =>
          silence.reject(new Error(`nothing comes after ${count} of ${target} messages`));
        const timer = setTimeout(stopped, patienceMs);
        try {
          await Promise.race([changed.promise, silence.promise]);
        } finally {
          clearTimeout(timer);
        }
      }
    },
    async close() {
      await end(child);
      forget();
    },
  };
}
