import type { Screen, ScreenKey } from './io.ts';

/** What is used of `process`; a test gives another. */
export interface ScreenProcess {
  readonly stdin: Pick<
    NodeJS.ReadStream,
    'setRawMode' | 'resume' | 'pause' | 'on' | 'off' | 'setEncoding'
  >;
  readonly stdout: Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>;
  readonly pid: number;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  kill(pid: number, signal: string): unknown;
}

/** The other screen, so that what was on the terminal is there again afterwards; no cursor. */
const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Takes the terminal over. It is given back by `close`, by every signal that ends the process, by its
 * end for any other reason, and while it is stopped (Ctrl-Z).
 */
export function openScreen(host: ScreenProcess): Screen {
  const { stdin, stdout } = host;
  const pending: ScreenKey[] = [];
  let wake = (): void => {};
  let taken = false;

  const take = (): void => {
    if (taken) return;
    taken = true;
    stdin.setRawMode(true);
    stdin.resume();
    stdout.write(enter);
  };
  const give = (): void => {
    if (!taken) return;
    taken = false;
    stdout.write(leave);
    stdin.setRawMode(false);
    stdin.pause();
  };
  const press = (key: ScreenKey): void => {
    pending.push(key);
    wake();
  };
  const onData = (text: string): void => {
    for (const key of keysIn(text)) {
      if (key === 'suspend') {
        give();
        host.kill(host.pid, 'SIGSTOP');
      } else press(key);
    }
  };
  const onResize = (): void => press('resize');
  const onContinued = (): void => {
    take();
    press('resize');
  };
  const endings = ENDING.map((signal) => {
    const end = (): void => {
      close();
      // As if nobody had listened: whoever waits for us learns which signal it was.
      host.kill(host.pid, signal);
    };
    return [signal, end] as const;
  });
  const listeners = [...endings, ['SIGCONT', onContinued] as const, ['exit', give] as const];
  function close(): void {
    give();
    stdin.off('data', onData);
    stdout.off('resize', onResize);
    for (const [event, listener] of listeners) host.off(event, listener);
  }

  for (const [event, listener] of listeners) host.on(event, listener);
  stdin.setEncoding('utf8');
  stdin.on('data', onData);
  stdout.on('resize', onResize);
  take();
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    draw(lines) {
      if (!taken) return;
      const rows = lines.slice(0, stdout.rows || 24);
      // Each line is written over the old one: clearing the screen first would flicker.
      stdout.write(`\x1b[H${rows.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
    },
    async next(withinMs) {
      if (pending.length === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, withinMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return pending.shift() ?? null;
    },
    close,
  };
}

const KEYS: readonly (readonly [string, ScreenKey | 'suspend'])[] = [
  ['\x1b[A', 'up'],
  ['\x1bOA', 'up'],
  ['\x1b[B', 'down'],
  ['\x1bOB', 'down'],
  ['\x1b[5~', 'page-up'],
  ['\x1b[6~', 'page-down'],
  ['\x1b[H', 'home'],
  ['\x1bOH', 'home'],
  ['\x1b[F', 'end'],
  ['\x1bOF', 'end'],
  ['\x03', 'quit'],
  ['\x1a', 'suspend'],
  ['q', 'quit'],
  ['Q', 'quit'],
  ['s', 'sort'],
  [' ', 'page-down'],
  ['k', 'up'],
  ['j', 'down'],
];

/** Several keys may come at once; what means nothing is passed over. */
function* keysIn(text: string): Generator<ScreenKey | 'suspend'> {
  let rest = text;
  while (rest !== '') {
    const found = KEYS.find(([sequence]) => rest.startsWith(sequence));
    if (found !== undefined) yield found[1];
    rest = rest.slice(found?.[0].length ?? 1);
  }
}
