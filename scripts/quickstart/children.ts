import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Line = Readonly<Record<string, unknown>>;

/** A program that speaks JSON lines on its standard output. */
export interface Child {
  /** The first line that fits, past or to come; rejects when the program ends before. */
  line(what: string, fits: (line: Line) => boolean): Promise<Line>;
  onLine(listener: (line: Line) => void): void;
  /** Resolves when it has ended, with what it said on standard error. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const patienceMs = 20_000;

export function startChild(command: string, args: readonly string[]): Child {
  // A group of its own: Ctrl-C reaches the quickstart alone, which then stops its children in order.
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const lines: Line[] = [];
  const listeners = new Set<(line: Line) => void>();
  let said = '';
  process.stderr.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  createInterface({ input: process.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const ended = endOf(process).then(() => said);
  return {
    ended,
    onLine: (listener) => listeners.add(listener),
    line: (what, fits) =>
      new Promise((resolve, reject) => {
        const past = lines.find(fits);
        if (past !== undefined) return resolve(past);
        const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patienceMs);
        listeners.add((line) => {
          if (!fits(line)) return;
          clearTimeout(timer);
          resolve(line);
        });
        ended.then((text) => {
          clearTimeout(timer);
          reject(new Error(text.trim() || `${command} ended before ${what}`));
        });
      }),
    async stop() {
      process.kill('SIGTERM');
      await ended;
    },
  };
}

function endOf(process: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once('close', () => resolve());
    process.once('error', reject);
  });
}
