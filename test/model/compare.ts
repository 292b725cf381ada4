import { deepStrictEqual } from 'node:assert/strict';
import type { MessageId } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { LaneCount } from '../../src/relay/queue.ts';
import { type Model, recipientsOf } from './state.ts';

/** Throws where the store does not say what the model says. */
export async function compareQueue(store: QueueStore, model: Model): Promise<void> {
  const [page, counts, expiry] = await Promise.all([
    store.list({ filter: {}, after: null, limit: 1_000 }),
    store.counts(),
    store.nextExpiry(),
  ]);
  const stored = page.rows.flatMap(({ message, recipients }) =>
    recipients.map((one) => ({ id: message.id, ...one })),
  );
  const wanted = [...recipientsOf(model)].map(({ id, index, recipient }) => ({
    id,
    index,
    ...recipient,
  }));
  deepStrictEqual(stored.map(inOrder), wanted.map(inOrder));
  deepStrictEqual(counts.map(countText).sort(), countsOf(model).map(countText).sort());
  deepStrictEqual(expiry, nextExpiryOf(model));
}

const inOrder = (row: object): object => Object.fromEntries(Object.entries(row).sort());

type Count = Pick<LaneCount, 'lane' | 'state' | 'recipients' | 'nextDueAtMs'>;

const countText = ({ lane, state, recipients, nextDueAtMs }: Count): string =>
  `${lane} ${state} ${recipients} ${nextDueAtMs}`;

function countsOf(model: Model): Count[] {
  const found = new Map<string, Count>();
  for (const { recipient } of recipientsOf(model)) {
    const { lane, state, dueAtMs } = recipient;
    const due = state === 'waiting' || state === 'in-doubt' ? dueAtMs : null;
    const known = found.get(`${lane} ${state}`);
    found.set(`${lane} ${state}`, {
      lane,
      state,
      recipients: (known?.recipients ?? 0) + 1,
      nextDueAtMs: due === null ? null : Math.min(due, known?.nextDueAtMs ?? due),
    });
  }
  return [...found.values()];
}

function nextExpiryOf(model: Model): number | null {
  const resting = [...recipientsOf(model)].filter(({ recipient }) => recipient.state !== 'leased');
  const ends = resting.map(({ message }) => message.entered.message.expiresAtMs);
  return ends.length === 0 ? null : Math.min(...ends);
}

/**
 * Nothing lost, nothing twice: whatever was accepted is in the queue or has one outcome in the
 * history, its envelope and its body as they came.
 */
export async function compareEverything(store: QueueStore, model: Model): Promise<void> {
  const ids = new Set([...model.settled.keys()].map((key) => key.split(' ')[0] as MessageId));
  for (const id of [...ids, ...model.queue.keys()]) {
    const { queued, history } = await store.show(id);
    const kept = model.queue.get(id);
    deepStrictEqual(queued?.recipients.length ?? 0, kept?.recipients.size ?? 0);
    const outcomes = (history?.recipients ?? []).map(({ index, outcome }) => [
      `${id} ${index}`,
      outcome,
    ]);
    const wanted = [...model.settled].filter(([key]) => key.startsWith(`${id} `));
    deepStrictEqual(outcomes.sort(), wanted.sort());
    deepStrictEqual(history?.settledAtMs != null, kept === undefined);
    const body = await store.body(id);
    deepStrictEqual(body, kept?.entered.body ?? null);
    if (kept !== undefined) deepStrictEqual(queued?.message, kept.entered.message);
  }
}
