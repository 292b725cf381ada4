import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Measured, Metric } from './measured.ts';
import { type Spread, spread } from './statistics.ts';

/** The raw figures of one scenario, with what tells where and when they were measured. */
export interface Result {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly commit: string;
  readonly machine: readonly string[];
  readonly size: number;
  readonly measured: Measured;
  readonly failures: readonly string[];
}

/** By the scenario's name. A later run of a scenario takes the place of an earlier one, and of no other's. */
export type Results = Readonly<Record<string, Result>>;

export function readResults(file: string): Results {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {};
}

/** Four digits that matter are enough of a figure, and make changes readable. */
export function writeResults(file: string, results: Results): void {
  const short = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  writeFileSync(file, `${JSON.stringify(results, short, 2)}\n`);
}

/** The metric of a subject over all rounds; null where it was not measured. */
export function figure(
  results: Results,
  [scenario, subject, metric]: readonly [string, string, Metric],
): Spread | null {
  const rounds = results[scenario]?.measured[subject] ?? [];
  const values = rounds.flatMap((round) => round[metric] ?? []);
  return values.length === 0 ? null : spread(values);
}
