import '../contract/quiet-wasm.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { T0 } from '../contract/fixtures.ts';
import { root } from '../tidy/sources.ts';
import { commandMaker } from './command.ts';
import { compareEverything } from './compare.ts';
import { endCommands } from './end-commands.ts';
import { mailCommands } from './mail-commands.ts';
import { operatorCommands } from './operator-commands.ts';
import { rareCommands } from './rare-commands.ts';
import { emptyModel, type Transitions } from './state.ts';
import { empty, type LivingStore } from './stores.ts';

/** `npm run model` sets how many; MODEL_SEED looks at others than every run of the tests. */
const runs = Number(process.env.MODEL_RUNS ?? 300);
const seed = Number(process.env.MODEL_SEED ?? 20_261_121);

/**
 * Random lives of a queue, step by step as the model says; and together they went every way that
 * docs/queue.md names, and no other.
 */
export function holdsToTheModel(name: string, open: () => Promise<LivingStore>): void {
  test(`${name}: recipients go the ways of docs/queue.md and no other`, async () => {
    const real = await open();
    onTestFinished(() => real.dispose());
    const made = await lives(real);
    expect([...made].sort()).toEqual(documented().sort());
  }, 3_600_000);
}

async function lives(real: LivingStore): Promise<Transitions> {
  const made: Transitions = new Set();
  const command = commandMaker(made);
  const mail = mailCommands(command);
  const others = [...rareCommands(command), ...operatorCommands(command), endCommands(command)];
  const steps = [...mail, ...mail, ...mail, ...mail, ...others];
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 30, size: 'max' }), async (commands) => {
      const model = emptyModel(T0);
      await empty(real);
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await compareEverything(real.store, model);
    }),
    { numRuns: runs, seed },
  );
  return made;
}

/**
 * `FROM | EVENT | TO` for each row of the table but those about quarantine: they need a damaged row,
 * which test/unit/queue makes.
 */
function documented(): string[] {
  const text = readFileSync(join(root, 'docs/queue.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([a-z, -]+) \| ([a-z ]+) \| ([a-z, -]+) \|/gm)].slice(1);
  return rows.flatMap(([, from = '', event, to = '']) =>
    from
      .split(', ')
      .flatMap((one) => to.split(', ').map((two) => [one, two === 'the same' ? one : two] as const))
      .filter((pair) => !pair.includes('quarantined'))
      .map(([one, two]) => `${one} | ${event} | ${two}`),
  );
}
