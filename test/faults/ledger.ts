import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What can become of a message that was acknowledged with 250. */
export const FATES = ['delivered', 'queued', 'held', 'in-doubt', 'bounced'] as const;
export type Fate = (typeof FATES)[number];

export interface Account {
  readonly acknowledged: number;
  readonly fates: Readonly<Record<Fate, number>>;
  /** Tokens of acknowledged messages that are nowhere. */
  readonly lost: readonly string[];
  /** Tokens whose final dot the upstream saw more than once and not refused. */
  readonly twice: readonly string[];
  /** Those of them that never were in doubt: nothing excuses the second copy. */
  readonly unexcused: readonly string[];
}

/**
 * Every acknowledged message by its token, which is the local part of its only recipient: what was said to the client,
 * what the upstream saw, and what the queue and the history have, are counted one by one.
 */
export interface Ledger {
  readonly acknowledged: Set<string>;
  readonly nextToken: () => string;
  /** The upstream saw the final dot; `reply` is what it said to it, null when it said nothing. */
  arrived(token: string, reply: string | null): void;
  /** The upstream has taken it. */
  has(token: string): boolean;
  /** relayd said that nobody knows whether the upstream has it. */
  doubted(token: string): void;
  /** Tokens in the queue now. Remembers who is in doubt. While a relayd runs on the directory. */
  read(directory: string): readonly QueuedToken[];
  /** What became of every acknowledged message. */
  account(directory: string): Account;
}

export interface QueuedToken {
  readonly token: string;
  readonly state: 'waiting' | 'leased' | 'in-doubt' | 'held' | 'quarantined';
}

const fateOf = {
  waiting: 'queued',
  leased: 'queued',
  'in-doubt': 'in-doubt',
  held: 'held',
  quarantined: 'held',
} as const;

export function openLedger(): Ledger {
  const acknowledged = new Set<string>();
  const taken = new Set<string>();
  const copies = new Map<string, number>();
  const doubtful = new Set<string>();
  let tokens = 0;

  const read = (directory: string): QueuedToken[] => {
    const rows = rowsOf<QueuedToken & { readonly reason: string | null }>(
      join(directory, 'queue', 'queue.db'),
      `SELECT substr(forward_path, 1, instr(forward_path, '@') - 1) AS token, state,
              last_reason AS reason FROM recipients`,
    );
    for (const { token, state, reason } of rows) {
      if (state === 'in-doubt' || reason === 'in-doubt') doubtful.add(token);
    }
    return rows;
  };

  return {
    acknowledged,
    nextToken: () => `t${tokens++}`,
    arrived(token, reply) {
      if (reply?.startsWith('2') === true) taken.add(token);
      // Whoever says neither yes nor no may have kept it.
      if (!/^[45]/.test(reply ?? '')) copies.set(token, (copies.get(token) ?? 0) + 1);
    },
    has: (token) => taken.has(token),
    doubted: (token) => void doubtful.add(token),
    read,
    account(directory) {
      const queued = new Map(read(directory).map(({ token, state }) => [token, fateOf[state]]));
      const bounced = bouncedIn(directory);
      const fates = { delivered: 0, queued: 0, held: 0, 'in-doubt': 0, bounced: 0 };
      const lost: string[] = [];
      for (const token of acknowledged) {
        const fate: Fate | undefined = taken.has(token)
          ? 'delivered'
          : (queued.get(token) ?? (bounced.has(token) ? 'bounced' : undefined));
        if (fate === undefined) lost.push(token);
        else fates[fate] += 1;
      }
      const twice = [...copies].flatMap(([token, count]) => (count > 1 ? [token] : []));
      const unexcused = twice.filter((token) => !doubtful.has(token));
      return { acknowledged: acknowledged.size, fates, lost, twice, unexcused };
    },
  };
}

function bouncedIn(directory: string): ReadonlySet<string> {
  const rows = rowsOf<{ readonly recipients: string; readonly results: string }>(
    join(directory, 'queue', 'history.db'),
    `SELECT recipients, results FROM history WHERE results LIKE '%"bounced"%'`,
  );
  return new Set(rows.flatMap(({ recipients }) => recipients.match(/[a-z0-9-]+(?=@)/g) ?? []));
}

function rowsOf<Row>(file: string, sql: string): Row[] {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare<[], Row>(sql).all();
  } finally {
    db.close();
  }
}
