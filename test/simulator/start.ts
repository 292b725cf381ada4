import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Order, Report, SimulationOptions } from './simulation.ts';

/** A message whose final dot the provider saw. */
export interface Received {
  readonly atMs: number;
  readonly username: string | null;
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly session: number;
  /** Null: the connection was cut instead. */
  readonly reply: string | null;
}

/** A provider that runs as a process of its own. */
export interface Simulator {
  readonly port: number;
  /** PEM of the CA that signed its certificate. */
  readonly ca: string;
  /** Every message whose final dot was seen, also those refused. */
  readonly received: readonly Received[];
  /** Resolves with what the provider saw until then, when the order is in force. */
  order(order: Order): Promise<Report>;
  report(): Promise<Report>;
  /** Resolves when no client has said anything for a moment. */
  quiet(): Promise<void>;
  /** Resolves when so many messages were taken; rejects after `withinMs`. */
  taken(count: number, withinMs?: number): Promise<readonly Received[]>;
  close(): Promise<void>;
}

const quietMs = 25;

type Line =
  | { readonly is: 'listening'; readonly port: number; readonly ca: string }
  | ({ readonly is: 'received' } & Received)
  | { readonly is: 'report'; readonly report: Report; readonly commands: number };

export async function startSimulator(options: SimulationOptions): Promise<Simulator> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const received: Received[] = [];
  const reports: ((report: Report) => void)[] = [];
  let commands = 0;
  const listening = Promise.withResolvers<{ port: number; ca: string }>();
  const watchers = new Set<() => void>();
  child.once('close', () => listening.reject(new Error('the simulator did not start')));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.is === 'listening') listening.resolve(line);
    else if (line.is === 'received') received.push(line);
    else {
      commands = line.commands;
      reports.shift()?.(line.report);
    }
    for (const look of watchers) look();
  });
  const tell = (line: object) => child.stdin.write(`${JSON.stringify(line)}\n`);
  const order = (given: Order): Promise<Report> => {
    tell(given);
    return new Promise((resolve) => reports.push(resolve));
  };
  tell(options);
  const { port, ca } = await listening.promise;
  const taken = () => received.filter(({ reply }) => reply?.startsWith('2') === true);

  return {
    port,
    ca,
    received,
    order,
    report: () => order({}),
    async quiet() {
      for (let before = -1; before !== commands; await delay(quietMs)) {
        before = commands;
        await order({});
      }
    },
    taken(count, withinMs = 30_000) {
      return new Promise((resolve, reject) => {
        const settle = (then: () => void) => {
          clearTimeout(timer);
          watchers.delete(look);
          then();
        };
        const look = () => {
          const all = taken();
          if (all.length >= count) settle(() => resolve(all));
        };
        const timer = setTimeout(
          () => settle(() => reject(new Error(`only ${taken().length} of ${count} were taken`))),
          withinMs,
        );
        watchers.add(look);
        look();
      });
    },
    async close() {
      process.off('exit', end);
      const closed = once(child, 'close');
      if (child.exitCode !== null) return;
      child.stdin.end();
      await closed;
    },
  };
}
