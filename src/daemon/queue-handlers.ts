import type { MessageReport } from '../control/reports.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import { planMessage } from '../policy/route.ts';
import type { QueueRow } from '../relay/queue.ts';
import { checkAccount } from './check-account.ts';
import type { Relay } from './relay.ts';

type QueueHandlers = Pick<
  ControlHandlers,
  'queue.list' | 'queue.show' | 'queue.hold' | 'queue.release' | 'queue.remove' | 'queue.bounce'
>;

/** Messages that one transaction bounces: each owes its sender a notification. */
const bounceBatch = 100;

/** What relayctl may do with waiting mail. */
export function queueHandlers(relay: Relay, nowMs: () => number): QueueHandlers {
  const { store, delivery } = relay;
  return {
    'queue.list': async (ask) => {
      await checkAccount(relay, ask.filter);
      return store.list(ask);
    },

    'queue.show': async ({ id }) => {
      const report = await store.show(id);
      if (report.queued === null && report.history === null) {
        throw new ControlError('not-found', `no message ${id} in the queue or the history`);
      }
      return { ...report, standIns: report.queued === null ? [] : standIns(relay, report.queued) };
    },

    'queue.hold': async ({ filter, reason }) => {
      await checkAccount(relay, filter);
      return store.act({ filter, action: { is: 'hold', reason }, nowMs: nowMs() });
    },

    'queue.release': async ({ filter }) => {
      await checkAccount(relay, filter);
      const held = { ...filter, states: filter.states ?? (['held', 'quarantined'] as const) };
      // Else what is released would be held again at once.
      await delivery.senders.lift(held);
      const touched = await store.act({
        filter: held,
        action: { is: 'release', dueAtMs: nowMs() },
        nowMs: nowMs(),
      });
      await delivery.look();
      return touched;
    },

    'queue.remove': async ({ filter }) => {
      await checkAccount(relay, filter);
      return delivery.removeMatching(filter);
    },

    'queue.bounce': async ({ filter, reason }) => {
      await checkAccount(relay, filter);
      let recipients = 0;
      let messages = 0;
      for (;;) {
        const batch = await delivery.bounceMatching(filter, reason, bounceBatch);
        recipients += batch.recipients;
        messages += batch.messages;
        if (batch.messages < bounceBatch) return { recipients, messages };
      }
    },
  };
}

/** Where a message waits for another account than the first that its route names for it. */
function standIns(relay: Relay, { message, recipients }: QueueRow): MessageReport['standIns'] {
  const plans = planMessage(relay.settings(), message);
  const found = recipients.flatMap(({ index, lane }) => {
    const plan = plans.find(({ indexes }) => indexes.includes(index));
    const [first] = plan?.accounts ?? [];
    if (lane === null || first === undefined || lane === first) return [];
    return plan?.accounts.includes(lane) ? [{ account: lane, insteadOf: first }] : [];
  });
  return [...new Map(found.map((one) => [`${one.account} ${one.insteadOf}`, one])).values()];
}
