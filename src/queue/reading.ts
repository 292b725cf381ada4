import type { LaneSurvey, QueueFilter, QueueRow, RecipientState } from '../relay/queue.ts';
import type { QueueGroupKey, QueueSort } from '../relay/queue-views.ts';

/**
 * Questions about a long queue are asked in stretches, so that commits wait for one stretch at
 * most: `scan` messages after the one with the number `after`.
 */
export interface Stretch {
  readonly filter: QueueFilter;
  readonly after: number;
  readonly scan: number;
}

export interface Next {
  /** `after` of the next stretch; null when nothing is left. */
  readonly next: number | null;
}

export interface ListQuery extends Stretch {
  readonly limit: number;
}

export interface Listed extends Next {
  readonly rows: readonly QueueRow[];
}

/** Where a message stands in an order: the key, and its number. */
export type Place = readonly [key: string | number, id: number];

export interface OrderQuery extends Stretch {
  readonly sort: Exclude<QueueSort, 'age'>;
  /** Only what comes behind it. */
  readonly behind: Place | null;
  readonly limit: number;
}

export interface Ordered extends Next {
  readonly places: readonly Place[];
}

export interface CountQuery extends Stretch {
  readonly states: readonly RecipientState[];
  /** Instants: how much of it expires at or before each of them is counted too. */
  readonly expiriesMs: readonly number[];
}

export interface Counted extends Next {
  readonly recipients: number;
  readonly messages: number;
  readonly lanes: readonly LaneSurvey[];
}

/** Numbers of messages that bound the ages, youngest first. */
export type AgeBounds = readonly number[];

export type GroupsQuery =
  | (Stretch & {
      readonly is: 'stretch';
      readonly by: readonly QueueGroupKey[];
      readonly bounds: AgeBounds;
    })
  // One age of everything, from indexes.
  | {
      readonly is: 'age';
      readonly reasons: boolean;
      readonly account: string | null;
      readonly age: number;
      readonly bounds: AgeBounds;
    };

export interface Grouped extends Next {
  readonly counts: readonly {
    readonly account: string | null;
    readonly reason: string | null;
    readonly domain: string | null;
    readonly age: number;
    readonly recipients: number;
  }[];
}
