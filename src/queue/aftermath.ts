import type { RecipientState } from '../relay/queue.ts';

/** At the commit itself; with the history's next transaction; or at leisure. */
type When = 'commit' | 'history' | 'later';
type Step = () => void;

/**
 * What must happen only if the transaction commits, kept in memory until it has: numbers per lane,
 * history rows, removal of spool files, reports. An operation that fails alone takes its part back
 * with `backTo`.
 */
export interface Aftermath {
  add(when: When, step: Step): void;
  mark(): Mark;
  backTo(mark: Mark): void;
  committed(): void;
  /** Takes over the steps that committed transactions owe. */
  owed(): { history: Step[]; later: Step[] };
}

export type Mark = Readonly<Record<When, number>>;

export const START: Mark = { commit: 0, history: 0, later: 0 };

export function createAftermath(): Aftermath {
  const pending: Record<When, Step[]> = { commit: [], history: [], later: [] };
  let owed: { history: Step[]; later: Step[] } = { history: [], later: [] };
  const backTo = (mark: Mark): void => {
    pending.commit.length = mark.commit;
    pending.history.length = mark.history;
    pending.later.length = mark.later;
  };
  return {
    add: (when, step) => void pending[when].push(step),
    mark: () => ({
      commit: pending.commit.length,
      history: pending.history.length,
      later: pending.later.length,
    }),
    backTo,
    committed() {
      for (const step of pending.commit) step();
      for (const step of pending.history) owed.history.push(step);
      for (const step of pending.later) owed.later.push(step);
      backTo(START);
    },
    owed() {
      const steps = owed;
      owed = { history: [], later: [] };
      return steps;
    },
  };
}

/** Recipients per lane and state, so that counting a million of them reads nothing. */
export interface Tally {
  add(lane: string | null, state: RecipientState, by: number): void;
  entries(): { lane: string | null; state: RecipientState; recipients: number }[];
}

export function createTally(): Tally {
  const lanes = new Map<string | null, Map<RecipientState, number>>();
  return {
    add(lane, state, by) {
      let states = lanes.get(lane);
      if (states === undefined) {
        states = new Map();
        lanes.set(lane, states);
      }
      states.set(state, (states.get(state) ?? 0) + by);
    },
    entries() {
      return [...lanes].flatMap(([lane, states]) =>
        [...states].flatMap(([state, recipients]) =>
          recipients === 0 ? [] : [{ lane, state, recipients }],
        ),
      );
    },
  };
}
