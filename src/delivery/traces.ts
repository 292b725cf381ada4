import { cut } from '../lib/printable.ts';
import type { Clock } from '../relay/ports.ts';

/** One line of a dialogue with an upstream, without secrets and without what messages say. */
export interface TraceLine {
  readonly atMs: number;
  readonly account: string;
  /** Tells the account's connections apart; counted from the start of the daemon. */
  readonly connection: number;
  /** `note`: what happened besides commands and replies. */
  readonly is: 'sent' | 'received' | 'note';
  readonly text: string;
}

/** Where one connection says what goes over it. While nobody watches, `live` is all it costs. */
export interface Tap {
  readonly live: boolean;
  tell(is: TraceLine['is'], text: string): void;
}

interface Watcher {
  /** Null: all accounts. */
  readonly account: string | null;
  readonly on: (line: TraceLine) => void;
}

const lineCharactersMax = 1_000;

/** Who watches which account's dialogues. */
export class Traces {
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  #lastConnection = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until the function it gives is called. */
  watch(account: string | null, on: (line: TraceLine) => void): () => void {
    const watcher = { account, on };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** For a new connection. */
  tap(account: string): Tap {
    const watchers = this.#watchers;
    const connection = ++this.#lastConnection;
    return {
      get live() {
        return watchers.size > 0;
      },
      tell: (is, text) => {
        for (const watcher of watchers) {
          if (watcher.account !== null && watcher.account !== account) continue;
          watcher.on({
            atMs: this.#clock(),
            account,
            connection,
            is,
            text: cut(text, lineCharactersMax),
          });
        }
      },
    };
  }
}

/** For openings that nobody can watch. */
export const noTap: Tap = { live: false, tell: () => {} };
