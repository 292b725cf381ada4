import type { Phase } from '../relay/outcome.ts';
import type { Connection } from './connection.ts';
import type { OpenWitness } from './peer-guard.ts';
import type { UpstreamSession } from './session.ts';

/** One connection as somebody who watches sees it. */
export interface ConnectionActivity {
  readonly account: string;
  /** `mail`, `data` and so on in a transaction; `idle` between two. */
  readonly doing: Phase | 'idle';
  readonly forMs: number;
  /** Transactions begun on it. */
  readonly messages: number;
}

interface Opening {
  readonly account: string;
  /** On `performance`'s clock. */
  readonly sinceMs: number;
  session: UpstreamSession | null;
}

/** Connections on their way to being open. */
export class Openings {
  readonly #all = new Set<Opening>();

  /** `end` has to be called when it is open or was refused. */
  begin(account: string): { readonly witness: OpenWitness; readonly end: () => void } {
    const opening: Opening = { account, sinceMs: performance.now(), session: null };
    this.#all.add(opening);
    const witness: OpenWitness = {
      connected: () => {},
      secured: () => {},
      session: (session) => {
        opening.session = session;
      },
    };
    return { witness, end: () => void this.#all.delete(opening) };
  }

  activities(): ConnectionActivity[] {
    const nowMs = performance.now();
    return [...this.#all].map(({ account, sinceMs, session }) => ({
      account,
      doing: session?.phase ?? 'connect',
      forMs: Math.round(nowMs - (session?.phaseSinceMs ?? sinceMs)),
      messages: 0,
    }));
  }
}

export function activityOf({ account, doing, messages }: Connection): ConnectionActivity {
  return { account: account.name, ...doing, messages };
}
