import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A line of the daemon's log. */
export type LoggedEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Journal {
  /** Grows as the daemon speaks. */
  readonly events: readonly LoggedEvent[];
  readonly exited: Promise<Exit>;
  readonly stderr: () => string;
  /** The first event that fits, past or to come; rejects after `withinMs` or when the daemon ends. */
  find(fits: (event: LoggedEvent) => boolean, withinMs: number, what: string): Promise<LoggedEvent>;
}

/** The daemon's standard output as events, its standard error as text. */
export function readJournal(child: ChildProcess): Journal {
  const events: LoggedEvent[] = [];
  const watchers = new Set<() => void>();
  const told = () => {
    for (const watcher of watchers) watcher();
  };
  let stderr = '';
  let over = false;
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      events.push(parseLine(line));
      told();
    });
  }
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    over = true;
    told();
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });

  function find(fits: (event: LoggedEvent) => boolean, withinMs: number, what: string) {
    return new Promise<LoggedEvent>((resolve, reject) => {
      let seen = 0;
      const look = () => {
        for (; seen < events.length; seen++) {
          const event = events[seen];
          if (event !== undefined && fits(event)) return settle(() => resolve(event));
        }
        if (over) settle(() => reject(new Error(`relayd ended before ${what}\n${stderr}`)));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no ${what} in ${withinMs} ms\n${stderr}`))),
        withinMs,
      );
      const settle = (end: () => void) => {
        clearTimeout(timer);
        watchers.delete(look);
        end();
      };
      watchers.add(look);
      look();
    });
  }
  return { events, exited, find, stderr: () => stderr };
}

function parseLine(line: string): LoggedEvent {
  try {
    return JSON.parse(line) as LoggedEvent;
  } catch {
    return { event: 'unreadable', line };
  }
}
