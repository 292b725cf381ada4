import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { corpusOf } from './corpus.ts';
import { inputs, type OpenTarget, type Pieces, type Target } from './target.ts';

/** Far more than any input needs, on a machine that has other work, too. */
const cpuMsMax = 3_000;
const answerMsMax = 30_000;

/**
 * One input, with a bound: what burns so much processor time is a way to stop a relay, and what is
 * not over by then never will be.
 */
export async function runBounded(open: OpenTarget, pieces: Pieces): Promise<void> {
  const before = process.cpuUsage();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no end')), answerMsMax);
  await Promise.race([open.run(pieces), late.promise]).finally(() => clearTimeout(timer));
  const { user, system } = process.cpuUsage(before);
  ok((user + system) / 1_000 < cpuMsMax, `took ${(user + system) / 1_000} ms of CPU`);
}

const inputsPerRound = 20;

/** Random inputs, all of them given by the seed. */
export async function round(
  name: string,
  { target, open }: { readonly target: Target; readonly open: OpenTarget },
  seed: number,
): Promise<number> {
  const corpus = corpusOf(name).map(([, pieces]) => pieces);
  const holds = fc.asyncProperty(inputs(target, corpus), (pieces) => runBounded(open, pieces));
  await fc.assert(holds, { seed, numRuns: inputsPerRound });
  return inputsPerRound;
}
