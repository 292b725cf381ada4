import { ControlError, type ControlHandlers } from '../control/wire.ts';
import { accountNamed } from './named.ts';
import type { Relay } from './relay.ts';

type FeedbackHandlers = Pick<
  ControlHandlers,
  'suppression.list' | 'suppression.add' | 'suppression.remove' | 'feedback.unknown'
>;

/** What relayctl may ask and order about the suppression list. */
export function feedbackHandlers(relay: Relay, nowMs: () => number): FeedbackHandlers {
  const { suppressions, store, settings, emit } = relay;
  const changed = (added: number, removed: number): void =>
    emit({ is: 'suppression.changed', added, removed, by: 'operator' });
  return {
    'suppression.list': async ({ address, after, limit }) => {
      const addresses = suppressions.size;
      if (address !== null) return { entries: suppressions.of(address), next: null, addresses };
      const entries = await store.suppressions({ after, limit });
      const last = entries.length < limit ? undefined : entries.at(-1);
      const next = last === undefined ? null : { address: last.address, account: last.account };
      return { entries, next, addresses };
    },

    'suppression.add': async ({ account, forMs, entries }) => {
      if (account !== null) accountNamed(settings(), account);
      const sinceMs = nowMs();
      const untilMs = forMs === null ? null : sinceMs + forMs;
      await suppressions.add(entries.map((entry) => ({ ...entry, account, sinceMs, untilMs })));
      changed(entries.length, 0);
      return { added: entries.length };
    },

    'suppression.remove': async ({ address, account }) => {
      const all = suppressions.of(address);
      const keys = account === null ? all : all.filter((one) => one.account === account);
      if (keys.length === 0) {
        const where = account === null ? '' : ` for account ${account}`;
        throw new ControlError('not-found', `${address} is not suppressed${where}`);
      }
      const removed = await suppressions.remove(keys);
      changed(0, removed);
      return { removed };
    },

    'feedback.unknown': async ({ limit }) => ({ said: await store.unknownFeedback(limit) }),
  };
}
