import type { MessageId } from '../relay/message.ts';
import type { Settings } from '../relay/settings.ts';
import { type RecordedMessage, type Way, waysOf } from './recorded-way.ts';

/** One respect in which mail would go another way. */
export interface WayChange {
  readonly what: 'fate' | 'account' | 'fallbacks' | 'server' | 'from' | 'tls' | 'copies';
  readonly before: string;
  readonly after: string;
}

/** A recorded message as it is shown. */
export interface ReplaySample {
  readonly id: MessageId;
  readonly sender: string;
  readonly recipient: string;
  readonly acceptedAtMs: number;
}

/** Recipients that would change in the same way. */
export interface ReplayGroup {
  /** Empty in the last group when more came up than are kept apart. */
  readonly changes: readonly WayChange[];
  readonly messages: number;
  readonly recipients: number;
  /** Those of the messages that are still in the queue. */
  readonly waiting: number;
  readonly samples: readonly ReplaySample[];
}

export interface ReplayReport {
  /** What was looked at. */
  readonly messages: number;
  readonly recipients: number;
  readonly waiting: number;
  /** Messages of which a recipient would change. */
  readonly changed: number;
  /** Most recipients first. */
  readonly groups: readonly ReplayGroup[];
  /** Messages whose way hangs on header fields that were not recorded, by those fields. */
  readonly undecided: readonly {
    readonly fields: readonly string[];
    readonly messages: number;
    readonly samples: readonly ReplaySample[];
  }[];
}

export interface Replay {
  add(message: RecordedMessage): void;
  report(): ReplayReport;
}

/** Groups kept apart, and messages shown of each: memory does not grow with what is replayed. */
export const replayGroupsMax = 200;
export const replaySamplesMax = 3;

interface Group {
  readonly changes: readonly WayChange[];
  messages: number;
  recipients: number;
  waiting: number;
  readonly samples: ReplaySample[];
}

/** Sends recorded mail through two configurations, one message after the other. */
export function openReplay(before: Settings, after: Settings): Replay {
  const groups = openGroups();
  const undecided = openUndecided(after, unrecordedHeaders(before, after));
  const total = { messages: 0, recipients: 0, waiting: 0, changed: 0 };
  return {
    add(message) {
      total.messages += 1;
      total.recipients += message.recipients.length;
      if (message.waiting) total.waiting += 1;
      const [old, young] = [waysOf(before, message), waysOf(after, message)];
      const touched = new Set<Group>();
      for (const [index, way] of old.entries()) {
        const changes = changesBetween(way, young[index]);
        if (changes.length === 0) continue;
        const group = groups.of(changes);
        group.recipients += 1;
        if (touched.has(group)) continue;
        touched.add(group);
        group.messages += 1;
        if (message.waiting) group.waiting += 1;
        keep(group.samples, message, index);
      }
      if (touched.size > 0) total.changed += 1;
      undecided.add(message, young);
    },
    report: () => ({ ...total, groups: groups.all(), undecided: undecided.all() }),
  };
}

/** Groups by their changes; what comes up when there are too many goes into one without any. */
function openGroups(): { of(changes: readonly WayChange[]): Group; all(): Group[] } {
  const groups = new Map<string, Group>();
  let others: Group | null = null;
  return {
    of(changes) {
      const key = JSON.stringify(changes);
      const known = groups.get(key);
      if (known !== undefined) return known;
      if (groups.size >= replayGroupsMax) {
        others ??= emptyGroup([]);
        return others;
      }
      const group = emptyGroup(changes);
      groups.set(key, group);
      return group;
    },
    all: () => [
      ...[...groups.values()].toSorted((a, b) => b.recipients - a.recipients),
      ...(others === null ? [] : [others]),
    ],
  };
}

const emptyGroup = (changes: readonly WayChange[]): Group => ({
  changes,
  messages: 0,
  recipients: 0,
  waiting: 0,
  samples: [],
});

interface Undecided {
  readonly fields: readonly string[];
  messages: number;
  readonly samples: ReplaySample[];
}

/** Messages that would go another way if they had one of these header fields. */
function openUndecided(
  after: Settings,
  assumptions: readonly Headers[],
): { add(message: RecordedMessage, ways: readonly Way[]): void; all(): Undecided[] } {
  const byFields = new Map<string, Undecided>();
  const differs = (message: RecordedMessage, ways: readonly Way[], headers: Headers): boolean => {
    const routeHeaders = { ...message.routeHeaders, ...headers };
    const otherwise = waysOf(after, { ...message, routeHeaders });
    return ways.some((way, index) => changesBetween(way, otherwise[index]).length > 0);
  };
  return {
    add(message, ways) {
      const headers = assumptions.find((some) => differs(message, ways, some));
      if (headers === undefined) return;
      const fields = Object.keys(headers).toSorted();
      const key = fields.join(' ');
      const entry = byFields.get(key) ?? { fields, messages: 0, samples: [] };
      byFields.set(key, entry);
      entry.messages += 1;
      keep(entry.samples, message, 0);
    },
    all: () => [...byFields.values()],
  };
}

function keep(samples: ReplaySample[], message: RecordedMessage, index: number): void {
  if (samples.length >= replaySamplesMax) return;
  const { id, reversePath: sender, recipients, acceptedAtMs } = message;
  samples.push({ id, sender, recipient: recipients[index] ?? '', acceptedAtMs });
}

/** With another fate nothing else is comparable; with another account its server goes without saying. */
function changesBetween(before: Way, after: Way | undefined): WayChange[] {
  if (after === undefined) return [];
  if (before.fate !== after.fate) {
    return [{ what: 'fate', before: fateOf(before), after: fateOf(after) }];
  }
  const [old, young] = [before.through, after.through];
  if (old === null || young === null) return [];
  const changes: WayChange[] = [];
  const compare = (what: WayChange['what'], left: string, right: string): void => {
    if (left !== right) changes.push({ what, before: left, after: right });
  };
  if (old.account === young.account) compare('server', old.server, young.server);
  else compare('account', old.account, young.account);
  compare('fallbacks', listed(old.fallbacks), listed(young.fallbacks));
  compare('from', old.rewrittenTo ?? 'as it is', young.rewrittenTo ?? 'as it is');
  compare('tls', old.tls, young.tls);
  compare('copies', listed(old.copies), listed(young.copies));
  return changes;
}

const listed = (names: readonly string[]): string => names.join(', ') || 'none';

function fateOf({ fate, through }: Way): string {
  return through === null ? fate : `${fate} by ${through.account}`;
}

type Headers = Readonly<Record<string, string>>;

/**
 * Only fields that routes looked at are recorded. For each newer route that looks at another one:
 * values with which it would match.
 */
function unrecordedHeaders(before: Settings, after: Settings): Headers[] {
  const lower = (header: Headers | null) =>
    Object.entries(header ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const recorded = new Set(
    before.routes.flatMap(({ header }) => lower(header).map(([name]) => name)),
  );
  return after.routes.flatMap(({ header }) => {
    const unknown = lower(header).filter(([name]) => !recorded.has(name));
    return unknown.length === 0 ? [] : [Object.fromEntries(unknown)];
  });
}
