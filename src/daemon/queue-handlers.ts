import type { MessageReport } from '../control/reports.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import { statesTouchedBy } from '../policy/queue-verbs.ts';
import { planMessage } from '../policy/route.ts';
import type { QueueRow, RecipientState } from '../relay/queue.ts';
import { checkNames } from './check-names.ts';
import { accountNamed, messageNamed } from './named.ts';
import { readMessage } from './read-message.ts';
import type { Relay } from './relay.ts';

type QueueHandlers = Pick<
  ControlHandlers,
  | 'queue.list'
  | 'queue.count'
  | 'queue.stats'
  | 'queue.show'
  | 'queue.reroute'
  | 'message.read'
  | 'queue.hold'
  | 'queue.release'
  | 'queue.remove'
  | 'queue.bounce'
>;

/** Messages that one transaction bounces: each owes its sender a notification. */
const bounceBatch = 100;

/** What relayctl may do with waiting mail. */
export function queueHandlers(relay: Relay, nowMs: () => number): QueueHandlers {
  return { ...readHandlers(relay, nowMs), ...changeHandlers(relay, nowMs) };
}

type ReadHandlers = Pick<
  ControlHandlers,
  'queue.list' | 'queue.count' | 'queue.stats' | 'queue.show' | 'message.read'
>;

function readHandlers(relay: Relay, nowMs: () => number): ReadHandlers {
  const { store, delivery } = relay;
  return {
    'queue.list': async (ask) => {
      await checkNames(relay, ask.filter);
      const page = await store.list(ask);
      if (page.lost !== true) return page;
      const text = `message ${ask.after} is not among them any more: begin again without --after`;
      throw new ControlError('not-found', text);
    },

    'queue.count': async ({ filter, verb, includeHeld }) => {
      await checkNames(relay, filter);
      const named = filter.id !== undefined;
      return store.count({ filter, states: statesTouchedBy(verb, { includeHeld, named }) });
    },

    'queue.stats': async ({ filter, by }) => {
      await checkNames(relay, filter);
      return store.groups({ filter, by, nowMs: nowMs() });
    },

    'message.read': (ask, { send }) => readMessage(delivery, ask, send),

    'queue.show': async ({ id }) => {
      const report = await messageNamed(store, id);
      return { ...report, standIns: report.queued === null ? [] : standIns(relay, report.queued) };
    },
  };
}

function changeHandlers(
  relay: Relay,
  nowMs: () => number,
): Omit<QueueHandlers, keyof ReadHandlers> {
  const { store, delivery, emit } = relay;
  return {
    'queue.hold': async ({ filter, reason }) => {
      await checkNames(relay, filter);
      return store.act({ filter, action: { is: 'hold', reason }, nowMs: nowMs() });
    },

    'queue.release': async ({ filter }) => {
      await checkNames(relay, filter);
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
      await checkNames(relay, filter);
      const ended = await delivery.removeMatching(filter);
      // What cannot be read is nobody's to settle.
      const states = (filter.states ?? ALL_QUARANTINED).filter((state) => state === 'quarantined');
      const action = { is: 'remove' } as const;
      const set = await store.act({ filter: { ...filter, states }, action, nowMs: nowMs() });
      return {
        recipients: ended.recipients + set.recipients,
        messages: ended.messages + set.messages,
      };
    },

    'queue.reroute': async (ask) => {
      await checkNames(relay, ask.filter);
      if (ask.to !== null) accountNamed(relay.settings(), ask.to);
      const report = await delivery.redirect(ask);
      const { recipients, messages } = report;
      const told = { recipients, messages, account: ask.to, by: 'operator' };
      if (!ask.dryRun) emit({ is: 'queue.rerouted', ...told });
      return report;
    },

    'queue.bounce': async ({ filter, reason }) => {
      await checkNames(relay, filter);
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

const ALL_QUARANTINED: readonly RecipientState[] = ['quarantined'];
