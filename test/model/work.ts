import { deepStrictEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import type { MessageId } from '../../src/relay/message.ts';
import type { ReasonClass } from '../../src/relay/outcome.ts';
import type { Disposition, Lease, NewMessage, Work } from '../../src/relay/queue.ts';
import { held, leased, leaseOf, newMessage, waiting } from '../contract/fixtures.ts';
import { type Scene, someLane, someMs } from './command.ts';
import {
  bootOf,
  type Loan,
  type Model,
  type ModelRecipient,
  recipientsOf,
  runOf,
} from './state.ts';

export const leaseNow = (model: Model): Lease => leaseOf(runOf(model), bootOf(model));

export const fresh = fc.record({
  start: fc.constantFrom('leased', 'waiting', 'held', 'discarded'),
  to: fc.integer({ min: 1, max: 3 }),
  lane: someLane,
  dueInMs: someMs,
  livesForMs: someMs,
});

type Fresh = typeof fresh extends fc.Arbitrary<infer T> ? T : never;

export function messageOf(
  model: Model,
  { start, to, lane, dueInMs, livesForMs }: Fresh,
): NewMessage {
  const forwardPaths = ['a@x.example', 'b@y.example', 'c@x.example'].slice(0, to);
  const options = { to: forwardPaths, lane, expiresAtMs: model.nowMs + livesForMs };
  switch (start) {
    case 'leased':
      return { ...leased(options), start: { is: 'leased', lease: leaseNow(model) } };
    case 'waiting':
      return waiting(model.nowMs + dueInMs, options);
    case 'held':
      return held('a hold rule', options);
    default:
      return newMessage({ is: 'discarded', text: 'a route discards it' }, options);
  }
}

export const disposition = fc.record({
  is: fc.constantFrom('delivered', 'bounced', 'waiting', 'in-doubt', 'held'),
  lane: someLane,
  inMs: someMs,
  counted: fc.boolean(),
  delayWarned: fc.boolean(),
  reason: fc.constantFrom<ReasonClass>('upstream', 'in-doubt', 'sender', 'sender'),
});

export type Ending = typeof disposition extends fc.Arbitrary<infer T> ? T : never;

function becomesOf(model: Model, { is, lane, inMs, counted, delayWarned }: Ending): Disposition {
  const dueAtMs = model.nowMs + inMs;
  if (is === 'delivered' || is === 'bounced') return { is: 'settled', outcome: is };
  if (is === 'held') return { is };
  return is === 'in-doubt'
    ? { is, dueAtMs, lane }
    : { is: 'waiting', dueAtMs, counted, delayWarned, lane };
}

/** Ends the loan for some of its recipients, and owes notifications with the same commit. */
export async function settle(
  { model, machine, real }: Scene,
  loan: Loan,
  { ends, owed }: { readonly ends: readonly Ending[]; readonly owed: readonly NewMessage[] },
): Promise<void> {
  const recipients = loan.indexes.slice(0, ends.length).map((index, place) => {
    const end = ends[place] as Ending;
    const becomes = becomesOf(model, end);
    const reason: ReasonClass = end.is === 'in-doubt' ? 'in-doubt' : end.reason;
    return { index, becomes, reason, text: `because of ${end.is}` };
  });
  const lease = leaseNow(model);
  const rest = { attempt: null, notifications: owed };
  await real.store.settle({ id: loan.id, lease, recipients, ...rest });
  machine.settle(loan, recipients);
  for (const one of owed) machine.enter(one);
  if (!model.loans.some(({ id }) => id === loan.id)) model.dotted.delete(loan.id);
}

type Wanted = (recipient: ModelRecipient, expiresAtMs: number) => boolean;

/**
 * What a claim gave must be whole messages' worth of what was wanted, as many as allowed, and
 * none that comes later than one left behind. Which of equals come first is not promised.
 */
export function lend(
  { model, machine }: Scene,
  works: readonly Work[],
  claim: {
    readonly event: string;
    readonly limit: number;
    readonly wanted: Wanted;
    /** What comes first; absent: no promise. */
    readonly rank?: (recipient: ModelRecipient, expiresAtMs: number) => number;
  },
): void {
  const found = new Map<MessageId, { indexes: number[]; rank: number }>();
  for (const { id, index, message, recipient } of recipientsOf(model)) {
    const { expiresAtMs } = message.entered.message;
    if (!claim.wanted(recipient, expiresAtMs)) continue;
    const known = found.get(id) ?? { indexes: [], rank: Number.POSITIVE_INFINITY };
    known.indexes.push(index);
    known.rank = Math.min(known.rank, claim.rank?.(recipient, expiresAtMs) ?? 0);
    found.set(id, known);
  }
  deepStrictEqual(works.length, Math.min(claim.limit, found.size));
  const taken = new Map(works.map((work) => [work.message.id, work]));
  const ranks = { taken: [0], left: [Number.POSITIVE_INFINITY] };
  for (const [id, { indexes, rank }] of found) {
    const work = taken.get(id);
    ranks[work === undefined ? 'left' : 'taken'].push(rank);
    if (work === undefined) continue;
    deepStrictEqual(work.recipients.map(({ index }) => index).sort(), indexes);
    for (const { index, state, attempts } of work.recipients) {
      const recipient = model.queue.get(id)?.recipients.get(index) as ModelRecipient;
      deepStrictEqual([state, attempts], [recipient.state, recipient.attempts]);
      machine.change(recipient, claim.event, { state: 'leased', dueAtMs: 0 });
    }
    model.loans.push({ id, run: runOf(model), indexes });
    taken.delete(id);
  }
  deepStrictEqual([...taken.keys()], []);
  ok(Math.max(...ranks.taken) <= Math.min(...ranks.left), 'a later one was claimed first');
}

export const claimable: Wanted = ({ state }) => ['waiting', 'in-doubt', 'held'].includes(state);
