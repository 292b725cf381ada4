import { describe, expect, test } from 'vitest';
import { heldByRuleText } from '../../src/policy/hold-rules.ts';
import type { HoldRule } from '../../src/relay/steering.ts';
import { held, leased, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const rule: Omit<HoldRule, 'id'> = {
  sender: '@staging.example',
  client: null,
  recipient: null,
  account: 'gmail',
  reason: 'launch',
  sinceMs: T0,
  untilMs: T0 + 5,
  keep: false,
};

export function steeringContract(current: () => OpenStore): void {
  describe('steering', () => {
    test('hold rules and the pause are kept over a restart; ids are not used again', async () => {
      const { store } = current();
      expect(await store.steering()).toEqual({ pause: null, rules: [] });
      const one = await store.addHoldRule(rule);
      await store.removeHoldRule(one.id);
      const two = await store.addHoldRule({ ...rule, untilMs: null });
      expect(two.id).toBeGreaterThan(one.id);
      const pause = { reason: 'power cut at noon', sinceMs: T0, untilMs: T0 + 9 };
      await store.savePause(pause);
      await store.savePause({ ...pause, untilMs: null });
      const again = (await current().reopen?.()) ?? store;
      const kept = { pause: { ...pause, untilMs: null }, rules: [two] };
      expect(await again.steering()).toEqual(kept);
      await again.savePause(null);
      expect((await again.steering()).pause).toBeNull();
    });

    test('what one rule holds is released without the rest', async () => {
      const { store } = current();
      const mine = held(heldByRuleText({ id: 1, reason: 'launch' }));
      await store.accept([mine, held(heldByRuleText({ id: 11, reason: 'launch' })), held('else')]);
      const act = await store.act({
        filter: { heldBy: 1 },
        action: { is: 'release', dueAtMs: T0 },
        nowMs: T0,
      });
      expect(act).toEqual({ recipients: 1, messages: 1 });
      const { queued } = await store.show(mine.message.id);
      expect(queued?.recipients).toMatchObject([{ state: 'waiting', dueAtMs: T0 }]);
    });
  });

  describe('survey', () => {
    test('counts what a flush would set in motion, by lane and expiry', async () => {
      const { store } = current();
      await store.accept([
        waiting(T0 + 5, { to: ['a@b.example', 'c@d.example'], expiresAtMs: T0 + 10 }),
        waiting(T0 + 5, { expiresAtMs: T0 + 20 }),
        waiting(T0 + 5, { lane: 'ses', expiresAtMs: T0 + 20 }),
        held('x', { lane: 'ses' }),
        leased(),
      ]);
      const query = { filter: {}, includeHeld: false, expiriesMs: [T0 + 10, T0 + 20] };
      const lanes = await store.survey(query);
      expect(lanes.toSorted((a, b) => String(a.lane).localeCompare(String(b.lane)))).toEqual([
        { lane: 'gmail', recipients: 3, messages: 2, expiring: [2, 3] },
        { lane: 'ses', recipients: 1, messages: 1, expiring: [0, 1] },
      ]);
      const all = await store.survey({ ...query, filter: { account: 'ses' }, includeHeld: true });
      expect(all).toMatchObject([{ lane: 'ses', recipients: 2, messages: 2 }]);
    });
  });
}
