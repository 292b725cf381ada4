import type { FlushPlanLane } from '../control/steering-reports.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import { forecast, surveyExpiries } from '../policy/flush-plan.ts';
import { mayWork } from '../policy/lane-state.ts';
import type { QuotaUse } from '../policy/quota.ts';
import type { LaneSurvey } from '../relay/queue.ts';
import { quotaReports, stateOf } from './account-facts.ts';
import { checkNames } from './check-names.ts';
import type { Relay } from './relay.ts';

type FlushHandlers = Pick<
  ControlHandlers,
  'queue.flush' | 'queue.flush-plan' | 'queue.flush-progress'
>;

/** Flushing, and what can be said of it before and after. */
export function flushHandlers(relay: Relay, nowMs: () => number): FlushHandlers {
  const { store, delivery, emit, flushes } = relay;
  return {
    'queue.flush': async ({ filter, includeHeld }) => {
      await checkNames(relay, filter);
      if (includeHeld) await delivery.senders.lift(filter);
      const watch = flushes.begin(filter, nowMs());
      try {
        const flushed = await store.flush({ filter, includeHeld, nowMs: nowMs() });
        const { recipients, messages } = flushed;
        emit({ is: 'queue.flushed', recipients, messages, by: 'operator' });
        watch.counted(flushed);
        await delivery.flushed(flushed);
        const pause = delivery.pauses.current;
        return { ...flushed, flush: watch.flush, ...(pause === null ? {} : { pause }) };
      } catch (error) {
        watch.drop();
        throw error;
      }
    },

    'queue.flush-plan': async ({ filter, includeHeld }) => {
      await checkNames(relay, filter);
      const atMs = nowMs();
      const expiriesMs = surveyExpiries(atMs);
      const lanes = await store.survey({ filter, includeHeld, expiriesMs });
      return {
        nowMs: atMs,
        pause: delivery.pauses.current,
        lanes: lanes.map((lane) => planLane(relay, lane, { nowMs: atMs, includeHeld })),
      };
    },

    'queue.flush-progress': async ({ flush }) => {
      const tally = flushes.tally(flush);
      if (tally === null) throw new ControlError('not-found', `flush ${flush} is not watched`);
      const { lanes, ...counts } = tally;
      const states = delivery.states();
      const stopped = lanes.flatMap((account) => {
        const state = states.get(account);
        return state === undefined || mayWork(state, nowMs()) ? [] : [{ account, state }];
      });
      const done = !(await store.counts()).some(
        ({ lane, state, nextDueAtMs }) =>
          lanes.includes(lane ?? '') &&
          (state === 'leased' || (nextDueAtMs ?? Infinity) <= nowMs()),
      );
      return { ...counts, done, pause: delivery.pauses.current, stopped };
    },
  };
}

function planLane(
  relay: Relay,
  lane: LaneSurvey,
  { nowMs, includeHeld }: { nowMs: number; includeHeld: boolean },
): FlushPlanLane {
  const { settings, delivery, throughput } = relay;
  const { recipients, messages } = lane;
  const account = settings().accounts.get(lane.lane ?? '');
  if (account === undefined) {
    const nothing = { state: null, quota: [], quotaLeft: null, perSecond: null };
    const unknown = { nowMs, perSecond: null, limitsOutAtMs: null, stopped: true };
    const known = { account: lane.lane, recipients, messages };
    return { ...known, ...nothing, ...forecast(lane, recipients, unknown) };
  }
  const { name, limits } = account;
  const state = stateOf(relay, name);
  const units = limits.counts === 'recipients' ? recipients : messages;
  const uses = delivery.quotas().get(name) ?? [];
  const perSecond =
    delivery.slowed().get(name)?.perSecond ??
    (throughput.accounts().get(name)?.delivered.perSecond || null);
  return {
    account: name,
    state,
    recipients,
    messages,
    quota: quotaReports(uses),
    quotaLeft: left(uses),
    perSecond,
    ...forecast(lane, units, {
      nowMs,
      perSecond,
      limitsOutAtMs: delivery.outAtMs(name, units),
      // Its pause ends with the flush, its hold only when that is asked for.
      stopped: state.is === 'held' && !includeHeld,
    }),
  };
}

function left(uses: readonly QuotaUse[]): number | null {
  if (uses.length === 0) return null;
  return Math.max(0, Math.min(...uses.map(({ rate, used }) => rate.count - used)));
}
