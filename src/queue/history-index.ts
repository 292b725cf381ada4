import type { Database } from 'better-sqlite3';
import type { LogQuery } from '../relay/log-search.ts';
import { messageNumberFirstAt } from '../relay/message-id.ts';
import type { HistoryEntry } from '../relay/queue.ts';
import { termsOf } from './log-terms.ts';

const dayMs = 86_400_000;
/** Message numbers in a day: they grow with time. */
const dayNumbers = messageNumberFirstAt(dayMs);
const dayOf = (id: number): number => Math.floor(id / dayNumbers);

/** One stretch of a search: messages with numbers below `before`, at most `scan` of them. */
export interface SearchQuery {
  readonly query: LogQuery;
  readonly before: number;
  readonly scan: number;
}

export interface SearchStretch {
  /** All of them must be had; empty: every message. */
  readonly terms: readonly number[];
  /** Numbers of messages, exclusive and inclusive. */
  readonly before: number;
  readonly from: number;
  /** Messages to look at. */
  readonly scan: number;
}

export interface Found {
  /** Newest first. */
  readonly ids: readonly number[];
  /** Where the next stretch goes on; null: there is none. */
  readonly next: number | null;
}

/** What the history can be searched by. All of it may be lost without loss of a message. */
export interface HistoryIndex {
  /** Rows that are not in it yet. */
  unindexed(): number;
  /** A row was written. */
  note(id: number): void;
  /** Takes in up to `limit` rows, the newest first; how many are left. */
  index(limit: number): number;
  search(stretch: SearchStretch): Found;
  /** Removes terms of days before `beforeMs` whose messages are gone; false: there may be more. */
  prune(beforeMs: number, scan: number): boolean;
}

type Key = readonly [day: number, term: number, id: number];
const START: Key = [-1, -1, -1];

export function openHistoryIndex(
  db: Database,
  read: (id: number) => HistoryEntry | null,
): HistoryIndex {
  const sql = statements(db);
  let left = sql.countUnindexed.get() ?? 0;
  let pruned = START;

  const take = (id: number): void => {
    const entry = read(id);
    const day = dayOf(id);
    if (entry !== null) for (const term of termsOf(entry)) sql.insert.run(day, term, id);
    sql.indexed.run(id);
  };
  const hasAll = (id: number, terms: readonly number[]): boolean =>
    terms.every((term) => sql.has.get(dayOf(id), term, id) === 1);

  return {
    unindexed: () => left,
    note: (id) => {
      left += sql.note.run(id).changes;
    },
    index(limit) {
      const ids = sql.unindexed.all(limit);
      db.transaction(() => {
        for (const id of ids) take(id);
      })();
      left = ids.length < limit ? 0 : left - ids.length;
      return left;
    },
    search({ terms, before, from, scan }) {
      const [first, ...others] = terms;
      if (first === undefined) {
        const ids = sql.range.all(before, from, scan);
        return { ids, next: ids.length < scan ? null : (ids.at(-1) ?? null) };
      }
      // One day after the other: within a day the ids of a term lie together, in their order.
      const ids: number[] = [];
      for (let day = dayOf(before - 1); ; ) {
        const some = sql.ofTerm.all(day, first, before, from, scan - ids.length);
        ids.push(...some);
        if (ids.length >= scan)
          return { ids: ids.filter((id) => hasAll(id, others)), next: ids.at(-1) ?? null };
        const earlier = sql.dayBefore.get(day) ?? null;
        if (earlier === null || earlier < dayOf(from)) break;
        day = earlier;
      }
      return { ids: ids.filter((id) => hasAll(id, others)), next: null };
    },
    prune(beforeMs, scan) {
      const keys = sql.keys.all(...pruned, Math.floor(beforeMs / dayMs), scan);
      db.transaction(() => {
        for (const key of keys) if (sql.exists.get(key[2]) === undefined) sql.remove.run(...key);
      })();
      const done = keys.length < scan;
      pruned = done ? START : (keys.at(-1) ?? START);
      return done;
    },
  };
}

function statements(db: Database) {
  return {
    // Writes: one id; costs the same however many there are.
    note: db.prepare('INSERT OR IGNORE INTO unindexed (id) VALUES (?)'),
    indexed: db.prepare('DELETE FROM unindexed WHERE id = ?'),
    countUnindexed: db.prepare<[], number>('SELECT COUNT(*) FROM unindexed').pluck(),
    unindexed: db
      .prepare<[number], number>('SELECT id FROM unindexed ORDER BY id DESC LIMIT ?')
      .pluck(),
    // Writes: one key of the index.
    insert: db.prepare('INSERT OR IGNORE INTO terms (day, term, id) VALUES (?, ?, ?)'),
    has: db
      .prepare<[number, number, number], number>(
        'SELECT 1 FROM terms WHERE day = ? AND term = ? AND id = ?',
      )
      .pluck(),
    // Reads: ids of one term on one day, by the key, as many as asked for.
    ofTerm: db
      .prepare<[number, number, number, number, number], number>(
        `SELECT id FROM terms WHERE day = ? AND term = ? AND id < ? AND id >= ?
         ORDER BY id DESC LIMIT ?`,
      )
      .pluck(),
    // Reads: one place of the key.
    dayBefore: db
      .prepare<[number], number | null>('SELECT MAX(day) FROM terms WHERE day < ?')
      .pluck(),
    // Reads: the history's own key.
    range: db
      .prepare<[number, number, number], number>(
        'SELECT id FROM history WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?',
      )
      .pluck(),
    exists: db.prepare<[number], number>('SELECT 1 FROM history WHERE id = ?').pluck(),
    // Reads: the start of the index, up to a day.
    keys: db
      .prepare<[number, number, number, number, number], [number, number, number]>(
        `SELECT day, term, id FROM terms WHERE (day, term, id) > (?, ?, ?) AND day < ?
         ORDER BY day, term, id LIMIT ?`,
      )
      .raw(),
    // Deletes: one key.
    remove: db.prepare('DELETE FROM terms WHERE day = ? AND term = ? AND id = ?'),
  };
}
