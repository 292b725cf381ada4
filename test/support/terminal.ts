import { type ChildProcess, spawn } from 'node:child_process';

/** A program on a terminal of its own, as a person sees it. */
export interface Terminal {
  /** All that was shown so far, without carriage returns. */
  readonly screen: () => string;
  /** Waits until `question` is shown, after what was answered before, then types the line. */
  answer(question: string, line: string): Promise<void>;
  readonly exited: Promise<number | null>;
  kill(): void;
}

/** Runs a command line on a pseudo terminal, by script(1) of util-linux. */
export function openTerminal(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Terminal {
  const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { ...process.env, RELAYD_CONFIG: undefined, TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text.replaceAll('\r', '');
  });
  const exited = exitOf(child);
  return {
    screen: () => screen,
    async answer(question, text) {
      for (let at = screen.indexOf(question, seen); ; at = screen.indexOf(question, seen)) {
        if (at >= 0) {
          seen = at + question.length;
          break;
        }
        if (child.exitCode !== null) throw new Error(`ended before ${question}\n${screen}`);
        await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), exited]);
      }
      child.stdin.write(`${text}\n`);
    },
    exited,
    kill: () => void child.kill('SIGKILL'),
  };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
