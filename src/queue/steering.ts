import type { HoldRule, Steering } from '../relay/steering.ts';
import type { Core } from './core.ts';
import type { Given } from './operations.ts';
import { parseJson } from './rows.ts';

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
