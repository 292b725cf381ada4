import type { EventSink } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Work } from '../relay/queue.ts';
import type { Decision } from './disposition.ts';
import type { Item } from './lane.ts';
import { readBody, withoutBody } from './stored-body.ts';
import { type SuppressedDeps, withoutSuppressed } from './suppressed.ts';

export interface ReadiedDeps extends SuppressedDeps {
  readonly store: QueueStore;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** What of an item an attempt is for, null: nothing; and what becomes of the rest of it. */
export interface Readied {
  readonly go: { readonly work: Work; readonly body: Body } | null;
  readonly aside: readonly Decision[];
}

/** Looks once more at an item whose turn it is; at once when its body is at hand. */
export function readied(deps: ReadiedDeps, lane: string, item: Item): Readied | Promise<Readied> {
  const { stay, decisions } = withoutSuppressed(deps, lane, item.work);
  if (stay.length === 0) return { go: null, aside: decisions };
  const work = decisions.length === 0 ? item.work : { ...item.work, recipients: stay };
  if (item.body !== null) return { go: { work, body: item.body }, aside: decisions };
  return withBody(deps, lane, work, decisions);
}

async function withBody(
  deps: ReadiedDeps,
  lane: string,
  work: Work,
  decisions: readonly Decision[],
): Promise<Readied> {
  const body = await readBody(deps, work.message.id);
  if (body !== null && body !== 'unreadable') return { go: { work, body }, aside: decisions };
  const context = { lane, nowMs: deps.clock() };
  const without = work.recipients.map((recipient) => withoutBody(recipient, body, context));
  return { go: null, aside: [...decisions, ...without] };
}
