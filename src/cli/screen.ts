/** A terminal taken over for full screens. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** What does not fit is cut off. */
  draw(lines: readonly string[]): void;
  /** A key, a new size, or null when nothing came in this time. */
  next(withinMs: number): Promise<ScreenKey | null>;
  /** Gives the terminal back. */
  close(): void;
}

export type ScreenKey =
  | 'quit'
  | 'sort'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'resize';

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
  const keys = keyQueue();
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
  const onData = (text: string): void => {
    for (const key of keysIn(text)) {
      if (key === 'suspend') {
        give();
        host.kill(host.pid, 'SIGSTOP');
      } else keys.press(key);
    }
  };
  const onResize = (): void => keys.press('resize');
  const onContinued = (): void => {
    take();
    onResize();
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
    draw: (lines) => {
      if (taken) stdout.write(picture(lines.slice(0, stdout.rows || 24)));
    },
    next: keys.next,
    close,
  };
}

/** Each line is written over the old one: clearing the screen first would flicker. */
function picture(rows: readonly string[]): string {
  return `\x1b[H${rows.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`;
}

function keyQueue(): Pick<Screen, 'next'> & { press(key: ScreenKey): void } {
  const pending: ScreenKey[] = [];
  let wake = (): void => {};
  return {
    press(key) {
      pending.push(key);
      wake();
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
