import type { Message } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { QueueFilter } from '../../src/relay/queue.ts';
import { type MemoryRow, type MemoryState, matching } from './memory-state.ts';

export type MemorySafety = Pick<
  QueueStore,
  'refusals' | 'saveRefusals' | 'heldSenders' | 'holdSender' | 'releaseSenders' | 'liftSenders'
>;

interface Pair {
  readonly account: string;
  /** Null: any. */
  readonly sender: string | null;
}

const samePair = (a: Pair, b: Pair): boolean => a.account === b.account && a.sender === b.sender;

const isFrom = ({ envelope, from }: Message, sender: string | null): boolean =>
  sender === null ||
  [envelope.reversePath, from].some((address) => address?.toLowerCase() === sender);

/** `rewritten`: also what is from none of the account's held senders. */
function heldMail(
  state: MemoryState,
  filter: QueueFilter,
  { account, sender, rewritten }: Pair & { readonly rewritten: boolean },
): MemoryRow[][] {
  const others = state.heldSenders.filter((one) => one.account === account);
  const isElse = (message: Message): boolean =>
    rewritten && !others.some((one) => isFrom(message, one.sender));
  return [...matching(state, filter, ['held'])]
    .filter(({ entry }) => isFrom(entry.message, sender) || isElse(entry.message))
    .map(({ rows }) => rows.filter((row) => row.lane === account && row.lastReason === 'sender'))
    .filter((rows) => rows.length > 0);
}

/** What keeps accounts from bouncing mail that is not at fault. */
export function memorySafety(state: MemoryState): MemorySafety {
  const end = (pair: Pair): void => {
    state.heldSenders = state.heldSenders.filter((one) => !samePair(one, pair));
  };
  return {
    refusals: async () => new Map(state.refusals),
    async saveRefusals(account, refusals) {
      if (refusals === null) state.refusals.delete(account);
      else state.refusals.set(account, refusals);
    },
    heldSenders: async () => [...state.heldSenders],
    async holdSender(held) {
      end(held);
      state.heldSenders.push(held);
    },
    async releaseSenders({ account, sender, dueAtMs }) {
      const ended = state.heldSenders.filter(
        (one) => one.account === account && (sender === null || one.sender === sender),
      );
      ended.forEach(end);
      const mail = heldMail(state, {}, { account, sender, rewritten: ended.length > 0 });
      for (const row of mail.flat()) Object.assign(row, { state: 'waiting', dueAtMs });
      const senders = ended.map((one) => one.sender);
      return { senders, recipients: mail.flat().length, messages: mail.length };
    },
    async liftSenders(filter) {
      const lifted = state.heldSenders.filter(
        (pair) => heldMail(state, filter, { ...pair, rewritten: true }).length > 0,
      );
      lifted.forEach(end);
      return lifted.map(({ account, sender }) => ({ account, sender }));
    },
  };
}
