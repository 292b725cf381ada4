import { messageNumberFirstAt } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { QueueFilter } from '../relay/queue.ts';
import { QUEUE_AGES_MS, type QueueGroup, type QueueGroupKey } from '../relay/queue-views.ts';
import type { Ask } from './ask.ts';
import type { Grouped } from './reading.ts';
import { countMax, stretches } from './stretches.ts';

/** Domains may be many: so many groups are kept apart. */
export const groupsMax = 10_000;

interface Group {
  readonly values: readonly (string | null)[];
  readonly ages: number[];
}

type Query = Parameters<QueueStore['groups']>[0];

/** Adds up stretches, or ages: memory grows with the groups, and to a bound. */
export async function groups(
  ask: Ask,
  { filter, by, nowMs }: Query,
): ReturnType<QueueStore['groups']> {
  const kept = new Map<string, Group>();
  const rest = groupOf(by.map(() => null));
  const add = (counts: Grouped['counts']): void => {
    for (const one of counts) {
      const values = by.map((key) => keyValue(key, one));
      const name = JSON.stringify(values);
      const known = kept.get(name) ?? (kept.size < groupsMax ? groupOf(values) : rest);
      if (known !== rest) kept.set(name, known);
      known.ages[one.age] = (known.ages[one.age] ?? 0) + one.recipients;
    }
  };
  const bounds = QUEUE_AGES_MS.map((ageMs) => messageNumberFirstAt(nowMs - ageMs));
  if (isIndexed(filter, by)) {
    for (let age = 0; age <= bounds.length; age++) {
      const [account, reasons] = [filter.account ?? null, by.includes('reason')];
      add((await ask('queue.groups', { is: 'age', reasons, account, age, bounds })).counts);
    }
  } else {
    const given = { is: 'stretch', filter, by, bounds, scan: countMax } as const;
    for await (const stretch of stretches((after) => ask('queue.groups', { ...given, after }))) {
      add(stretch.counts);
    }
  }
  const merged = total(rest) > 0;
  const found: QueueGroup[] = [...kept.values()].sort((a, b) => total(b) - total(a));
  return { groups: merged ? [...found, rest] : found, merged };
}

const groupOf = (values: Group['values']): Group => ({
  values,
  ages: Array.from({ length: QUEUE_AGES_MS.length + 1 }, () => 0),
});

const total = ({ ages }: QueueGroup): number => ages.reduce((sum, count) => sum + count, 0);

function keyValue(key: QueueGroupKey, count: Grouped['counts'][number]): string | null {
  if (key === 'age') return String(count.age);
  return key === 'recipient-domain' ? count.domain : count[key];
}

/** Indexes know lanes, reasons and ids. */
function isIndexed(filter: QueueFilter, by: readonly QueueGroupKey[]): boolean {
  return Object.keys(filter).every((key) => key === 'account') && !by.includes('recipient-domain');
}
