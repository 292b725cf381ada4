import type { ControlConnection } from '../control/client.ts';
import type { Screen } from './screen.ts';

/** All that a command touches outside of itself; tests give their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** For what is long: resolves when there is room for more. */
  write(chunk: string | Buffer): Promise<void>;
  /** The output is a terminal: escape sequences in it would be obeyed. */
  readonly terminal: boolean;
  /** Asks on the terminal; null: there is nobody to ask. */
  confirm(question: string): Promise<boolean | null>;
  /** Width of the terminal; infinite when the output goes elsewhere, so that nothing is cut. */
  readonly columns: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  nowMs(): number;
  pause(durationMs: number): Promise<void>;
  connect(socket: string): Promise<ControlConnection>;
  /** Asks for a password, hidden and twice, or reads one line when the input is no terminal. */
  readPassword(): Promise<string>;
  /** A person can be asked. */
  readonly interactive: boolean;
  /** The line that is typed in answer. */
  readLine(question: string): Promise<string>;
  /** The same without showing it. */
  readHidden(question: string): Promise<string>;
  /** Replaces the line of progress on the terminal; null: standard error is none. */
  readonly progress: ((line: string) => void) | null;
  /** Ctrl-C calls this in place of ending the program, until the function it gives is called. */
  onInterrupt(call: () => void): () => void;
  /** The whole terminal; null: there is none. */
  openScreen(): Promise<Screen | null>;
}

/** The terminal and the daemon. What few commands need is loaded when they need it. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    async write(chunk) {
      if (stdout.write(chunk)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      stdout.once('drain', resolve);
      await promise;
    },
    terminal: stdout.isTTY === true,
    confirm: async (question) => (await import('./confirm.ts')).confirm(process, question),
    columns: stdout.isTTY ? stdout.columns || 80 : Number(env.COLUMNS) || Number.POSITIVE_INFINITY,
    environment: env,
    nowMs: () => Date.now(),
    pause: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
    connect: async (socket) => (await import('../control/client.ts')).connectControl(socket),
    readPassword: async () => (await import('./password-prompt.ts')).readPassword(process),
    interactive: process.stdin.isTTY && stderr.isTTY,
    readLine: async (question) =>
      (await import('./password-prompt.ts')).readLine(process, question),
    readHidden: async (question) =>
      (await import('./password-prompt.ts')).readHidden(process, question),
    progress: stderr.isTTY ? (line) => void stderr.write(`\r${line}\x1b[K`) : null,
    onInterrupt: (call) => {
      process.on('SIGINT', call);
      return () => void process.off('SIGINT', call);
    },
    openScreen: async () => {
      if (!stdout.isTTY || !process.stdin.isTTY) return null;
      return (await import('./screen.ts')).openScreen(process);
    },
  };
}
