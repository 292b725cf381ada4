import { rejects } from 'node:assert/strict';
import fc from 'fast-check';
import { leaseOf } from '../contract/fixtures.ts';
import {
  type Command,
  type Lane,
  loanAt,
  type MakeCommand,
  type Scene,
  some,
  someLane,
} from './command.ts';
import { runOf } from './state.ts';
import { claimable, type Ending, fresh, leaseNow, lend, messageOf, settle } from './work.ts';

/** What does not befall every message. */
export function rareCommands(command: MakeCommand): fc.Arbitrary<Command>[] {
  const limit = fc.integer({ min: 1, max: 3 });
  return [
    command('accept one twice', fresh, async ({ model, real }, given) => {
      const [known] = model.queue.values();
      if (known === undefined) return;
      const both = [messageOf(model, given), known.entered];
      await rejects(real.store.accept(both), 'one of the two is in the queue already');
    }),
    command('expire', fc.record({ limit }), async (scene, given) => {
      const { nowMs } = scene.model;
      const query = { nowMs, lease: leaseNow(scene.model), limit: given.limit };
      lend(scene, await scene.real.store.claimExpired(query), {
        event: 'claim expired',
        limit: given.limit,
        wanted: (one, expiresAtMs) => claimable(one, expiresAtMs) && expiresAtMs <= nowMs,
        rank: (_, expiresAtMs) => expiresAtMs,
      });
    }),
    command('bounce', fc.record({ pick: some, owed: fresh }), async (scene, { pick, owed }) => {
      const loan = loanAt(scene.model.loans, pick);
      if (loan === undefined) return;
      const ends = loan.indexes.map(() => toBounced);
      await settle(scene, loan, { ends, owed: [messageOf(scene.model, owed)] });
    }),
    command('settle what was lost', some, async ({ model, real }, pick) => {
      const loan = loanAt(model.lost, pick);
      if (loan === undefined) return;
      const becomes = { is: 'settled', outcome: 'delivered' } as const;
      const recipients = loan.indexes.map((index) => {
        return { index, becomes, reason: 'ok', text: 'late' } as const;
      });
      const rest = { recipients, attempt: null, notifications: [] };
      const late = real.store.settle({ id: loan.id, lease: leaseOf(loan.run), ...rest });
      await rejects(late, 'the lease is not theirs any more');
    }),
    command('mark the dot', some, async ({ model }, pick) => {
      const loan = loanAt(model.loans, pick);
      if (loan !== undefined) model.dotted.add(loan.id);
    }),
    command('fail over', fc.record({ from: someLane, to: someLane, limit }), failOver),
  ];
}

const toBounced: Ending = {
  is: 'bounced',
  lane: 'gmail',
  inMs: 0,
  counted: false,
  delayWarned: false,
  reason: 'quota',
};

/** What waits in one lane is taken and put down in another, and no attempt counts. */
async function failOver(
  scene: Scene,
  { from, to, limit }: { readonly from: Lane; readonly to: Lane; readonly limit: number },
): Promise<void> {
  const { model, real } = scene;
  const filter = { account: from, states: ['waiting'] } as const;
  const works = await real.store.claimMatching({ filter, lease: leaseNow(model), limit });
  lend(scene, works, {
    event: 'claim chosen',
    limit,
    wanted: ({ state, lane }) => state === 'waiting' && lane === from,
  });
  for (const { message } of works) {
    const loan = model.loans.find(({ id, run }) => id === message.id && run === runOf(model));
    if (loan === undefined) continue;
    const ends = loan.indexes.map((): Ending => ({ ...toBounced, is: 'waiting', lane: to }));
    await settle(scene, loan, { ends, owed: [] });
  }
}
