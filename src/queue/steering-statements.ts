import type { Database } from 'better-sqlite3';
import type { RelayPause } from '../relay/steering.ts';

/** What an operator has ordered for the time to come. */
export function steeringStatements(db: Database) {
  return {
    // Reads: all rules; few.
    holdRules: db.prepare<[], { id: number; rule: string }>(
      'SELECT id, rule FROM hold_rules ORDER BY id',
    ),
    // Writes: one rule.
    addHoldRule: db.prepare<[string]>('INSERT INTO hold_rules (rule) VALUES (?)'),
    // Deletes: one rule, by its key.
    removeHoldRule: db.prepare<[number]>('DELETE FROM hold_rules WHERE id = ?'),
    // Reads: the pause, if there is one.
    relayPause: db.prepare<[], RelayPause>(
      'SELECT reason, since_at AS sinceMs, until_at AS untilMs FROM relay_pause',
    ),
    // Writes: the pause.
    setRelayPause: db.prepare<[string, number, number | null]>(
      'INSERT OR REPLACE INTO relay_pause VALUES (1, ?, ?, ?)',
    ),
    // Deletes: the pause.
    endRelayPause: db.prepare('DELETE FROM relay_pause'),
  };
}
