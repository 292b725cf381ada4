import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { owner } from '../contract/fixtures.ts';
import { type Command, type MakeCommand, type Scene, someMs } from './command.ts';
import { bootOf, recipientsOf, runOf } from './state.ts';

const end = fc.record({
  how: fc.constantFrom('kill', 'restart'),
  machineToo: fc.boolean(),
  inMs: someMs,
  hold: fc.boolean(),
});

/** The end of a daemon and the start of the next. */
export function endCommands(command: MakeCommand): fc.Arbitrary<Command> {
  return command('end', end, async (scene, { how, machineToo, inMs, hold }) => {
    const { model, real } = scene;
    await (how === 'kill' ? real.kill() : real.restart());
    model.runs += 1;
    if (machineToo) model.boots += 1;
    const inDoubtDueAtMs = model.nowMs + inMs;
    const found = recoverModel(scene, { machineToo, inDoubtDueAtMs, hold });
    const recovered = await real.store.recover({
      owner: owner(runOf(model), bootOf(model)),
      nowMs: model.nowMs,
      dotted: model.dotted,
      inDoubtDueAtMs,
      inDoubtHold: hold,
    });
    deepStrictEqual(recovered, { ...found, quarantined: 0 });
    model.dotted = new Set();
    model.lost = [...model.lost, ...model.loans].slice(-5);
    model.loans = [];
  });
}

function recoverModel(
  { model, machine }: Scene,
  query: { machineToo: boolean; inDoubtDueAtMs: number; hold: boolean },
): { requeued: number; inDoubt: number } {
  const found = { requeued: 0, inDoubt: 0 };
  for (const { id, recipient } of recipientsOf(model)) {
    if (recipient.state !== 'leased') continue;
    const { lastReason, lastText } = recipient;
    const wasInDoubt = lastReason === 'in-doubt';
    if (!query.machineToo && !model.dotted.has(id)) {
      const state = wasInDoubt ? 'in-doubt' : 'waiting';
      machine.change(recipient, 'recover', { state, dueAtMs: model.nowMs });
      found.requeued += 1;
      continue;
    }
    machine.change(recipient, 'recover', {
      state: query.hold ? 'held' : 'in-doubt',
      dueAtMs: query.hold ? 0 : query.inDoubtDueAtMs,
      lastReason: 'in-doubt',
      lastText: wasInDoubt ? lastText : 'the relay stopped while the attempt ran',
    });
    found.inDoubt += 1;
  }
  return found;
}
