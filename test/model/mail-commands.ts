import fc from 'fast-check';
import { type Command, loanAt, type MakeCommand, some, someLane } from './command.ts';
import { disposition, fresh, leaseNow, lend, messageOf, settle } from './work.ts';

/** The way of mail through the queue. */
export function mailCommands(command: MakeCommand): fc.Arbitrary<Command>[] {
  const limit = fc.integer({ min: 1, max: 3 });
  const ends = fc.array(disposition, { minLength: 1, maxLength: 3 });
  return [
    command('accept', fc.array(fresh, { minLength: 1, maxLength: 2 }), async (scene, all) => {
      const incoming = all.map((one) => messageOf(scene.model, one));
      await scene.real.store.accept(incoming);
      for (const one of incoming) scene.machine.enter(one);
    }),
    command('claim', fc.record({ lane: someLane, limit }), async (scene, { lane, limit }) => {
      const { nowMs } = scene.model;
      const lease = leaseNow(scene.model);
      lend(scene, await scene.real.store.claim({ lane, nowMs, lease, limit }), {
        event: 'claim',
        limit,
        wanted: (one) =>
          ['waiting', 'in-doubt'].includes(one.state) && one.lane === lane && one.dueAtMs <= nowMs,
        rank: ({ dueAtMs }) => dueAtMs,
      });
    }),
    command('settle', fc.record({ pick: some, ends }), async (scene, { pick, ends }) => {
      const loan = loanAt(scene.model.loans, pick);
      if (loan !== undefined) await settle(scene, loan, { ends, owed: [] });
    }),
  ];
}
