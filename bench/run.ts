/**
 * `npm run bench [-- --quick] [--only NAME,NAME] [--size N] [--rounds N] [--write] [--report]`: the scenarios of matrix.ts, one after
 * the other. A whole run and one of some scenarios keep their figures in bench/results.json and write results.md
 * and results.svg from all that is there; a quick run and one of another size do so with --write only. --report measures nothing.
 * Needs root, scripts/install-peers, and bin/relayd built.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, machineFacts } from './machine.ts';
import { MATRIX, type Scenario } from './matrix.ts';
import { picture } from './picture.ts';
import { report } from './report.ts';
import { type Result, type Results, readResults, writeResults } from './results.ts';
import { TARGETS } from './targets.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    size: { type: 'string' },
    rounds: { type: 'string' },
    write: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});
const inBench = (name: string): string => join(import.meta.dirname, name);
const reduced = values.quick || values.size !== undefined || values.rounds !== undefined;
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

function chosen(): readonly Scenario[] {
  if (values.report) return [];
  if (values.only === undefined) {
    return MATRIX.filter(({ quick, byNameOnly }) =>
      values.quick ? quick !== null : byNameOnly !== true,
    );
  }
  return values.only.split(',').map((name) => {
    const found = MATRIX.find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
    throw new Error(`no scenario ${name}; there are ${MATRIX.map((one) => one.name).join(', ')}`);
  });
}

async function measure(scenario: Scenario): Promise<Result> {
  const origin = { at: new Date().toISOString(), commit: commit(), machine: machineFacts() };
  const size = Number(
    values.size ?? (values.quick ? (scenario.quick ?? scenario.size) : scenario.size),
  );
  const startMs = performance.now();
  console.error(`${scenario.name}: ${scenario.title}`);
  const outcome = await scenario.run(size, rounds, (line) => console.error(`  ${line}`));
  console.error(`  ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  return { ...origin, size, ...outcome };
}

/** Beside what is there by now: another run may have written since this one began. */
function write(added: Results): void {
  const results = { ...readResults(inBench('results.json')), ...added };
  writeResults(inBench('results.json'), results);
  writeFileSync(inBench('results.md'), report(results, MATRIX, TARGETS));
  writeFileSync(inBench('results.svg'), picture(results));
}

const measured: Record<string, Result> = {};
for (const scenario of chosen()) {
  let result: Result;
  try {
    result = await measure(scenario);
  } catch (error) {
    // The others are worth their time all the same.
    console.error(`  FAILED: ${String(error)}`);
    process.exitCode = 1;
    continue;
  }
  measured[scenario.name] = result;
  if (result.failures.length > 0) process.exitCode = 1;
  // After each, so that a run that is ended loses one scenario only.
  if (!reduced || values.write) write({ [scenario.name]: result });
}
if (values.report) write({});
const shown = values.report ? readResults(inBench('results.json')) : measured;
process.stdout.write(report(shown, MATRIX, TARGETS));
