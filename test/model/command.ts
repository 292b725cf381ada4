import fc from 'fast-check';
import { compareQueue } from './compare.ts';
import { type Loan, type Machine, type Model, machine, type Transitions } from './state.ts';
import type { LivingStore } from './stores.ts';

/** What a step works with: the model, the machine that changes it, and the store it must equal. */
export interface Scene {
  readonly model: Model;
  readonly machine: Machine;
  readonly real: LivingStore;
}

export type Command = fc.AsyncCommand<Model, LivingStore>;

/** Makes a step of `name`; after it the store must say what the model says. */
export type MakeCommand = <Given>(
  name: string,
  given: fc.Arbitrary<Given>,
  act: (scene: Scene, given: Given) => Promise<void>,
) => fc.Arbitrary<Command>;

export function commandMaker(made: Transitions): MakeCommand {
  return (name, arbitrary, act) =>
    arbitrary.map((given) => ({
      check: () => true,
      async run(model, real) {
        await act({ model, machine: machine(model, made), real }, given);
        await compareQueue(real.store, model);
      },
      toString: () => `${name} ${JSON.stringify(given)}`,
    }));
}

export const lanes = ['gmail', 'ses', 'sg'] as const;
export type Lane = (typeof lanes)[number];
export const someLane = fc.constantFrom(...lanes);
/** Milliseconds; small, so that instants meet. */
export const someMs = fc.nat(40);
export const some = fc.nat(99);

/** The loan that `pick` means; undefined: there is none. */
export const loanAt = (loans: readonly Loan[], pick: number): Loan | undefined =>
  loans[pick % Math.max(1, loans.length)];
