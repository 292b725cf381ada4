import type { Database } from 'better-sqlite3';
import type { HoldRule, RelayPause, Steering } from '../relay/steering.ts';
import type { Core } from './core.ts';
import type { Given } from './operations.ts';
import { parseJson } from './rows.ts';

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

/** A rule that cannot be read is left out: nothing is held by it any more. */
export function steering(core: Core): Steering {
  const rules = core.sql.holdRules.all().flatMap(({ id, rule }): HoldRule[] => {
    const value = parseJson(rule) as Omit<HoldRule, 'id'> | null | undefined;
    return typeof value?.reason === 'string' ? [{ ...value, id }] : [];
  });
  return { pause: core.sql.relayPause.get() ?? null, rules };
}

export function addHoldRule(core: Core, rule: Given<'hold.add'>): HoldRule {
  const { lastInsertRowid } = core.sql.addHoldRule.run(JSON.stringify(rule));
  return { ...rule, id: Number(lastInsertRowid) };
}

export function removeHoldRule(core: Core, id: Given<'hold.remove'>): undefined {
  core.sql.removeHoldRule.run(id);
}

export function savePause(core: Core, pause: Given<'relay.pause'>): undefined {
  if (pause === null) core.sql.endRelayPause.run();
  else core.sql.setRelayPause.run(pause.reason, pause.sinceMs, pause.untilMs);
}
