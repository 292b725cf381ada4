import type { Message } from '../relay/message.ts';
import type { Lease, RecipientState, Work } from '../relay/queue.ts';
import { runNumber } from './accept.ts';
import { type Core, count } from './core.ts';
import { matchingRecipients, where } from './filter.ts';
import type { Given } from './operations.ts';
import { readOrQuarantine } from './quarantine.ts';
import { decodeRecipient } from './recipient-rows.ts';
import type { RecipientRow } from './statements.ts';

/** Mail of one lane that is due, earliest first, whether it waits or is in doubt. */
export function claim(core: Core, { lane, nowMs, lease, limit }: Given<'lease.claim'>): Work[] {
  const find = () => {
    const found = (['waiting', 'in-doubt'] as const).flatMap((state) =>
      firstDistinct(core.sql.due.iterate(lane, state, nowMs), limit),
    );
    found.sort((a, b) => a.due_at - b.due_at);
    return new Set(found.map(({ message_id }) => message_id));
  };
  const isDue = (row: RecipientRow) => row.lane === lane && (row.due_at ?? Infinity) <= nowMs;
  return lend(core, { find, limit, lease, wanted: isDue });
}

/** Mail whose lifetime is over, of any lane, unless it is leased or quarantined. */
export function claimExpired(core: Core, query: Given<'lease.claim-expired'>): Work[] {
  const { nowMs, lease, limit } = query;
  const find = () => {
    const found = firstDistinct(core.sql.expired.iterate(nowMs), limit);
    return new Set(found.map(({ message_id }) => message_id));
  };
  const isOver = (row: RecipientRow) => CLAIMABLE.has(row.state) && row.expires_at <= nowMs;
  return lend(core, { find, limit, lease, wanted: isOver });
}

/** Mail that an operator chose, unless it is leased or quarantined. */
export function claimMatching(core: Core, query: Given<'lease.claim-matching'>): Work[] {
  const { filter, lease, limit } = query;
  const chosen = new Map<number, Set<number>>();
  const find = () => {
    chosen.clear();
    const match = where(filter, [...CLAIMABLE]);
    for (const { message_id, idx } of matchingRecipients(core, match)) {
      if (!chosen.has(message_id) && chosen.size === limit) break;
      chosen.set(message_id, (chosen.get(message_id) ?? new Set()).add(idx));
    }
    return new Set(chosen.keys());
  };
  const isChosen = (row: RecipientRow) => chosen.get(row.message_id)?.has(row.idx) === true;
  return lend(core, { find, limit, lease, wanted: isChosen });
}

const CLAIMABLE: ReadonlySet<RecipientState> = new Set(['waiting', 'in-doubt', 'held'] as const);

/** The first rows of distinct messages; reads no further than needed. */
function firstDistinct<T extends { message_id: number }>(rows: Iterable<T>, limit: number): T[] {
  const found = new Map<number, T>();
  for (const row of rows) {
    if (found.size === limit && !found.has(row.message_id)) break;
    if (!found.has(row.message_id)) found.set(row.message_id, row);
  }
  return [...found.values()];
}

interface Loan {
  readonly find: () => ReadonlySet<number>;
  readonly limit: number;
  readonly lease: Lease;
  readonly wanted: (row: RecipientRow) => boolean;
}

/**
 * Leases what is found. When all of it was unreadable and is now in quarantine, looks for what
 * lies behind it.
 */
function lend(core: Core, loan: Loan): Work[] {
  for (;;) {
    const work: Work[] = [];
    let unreadable = 0;
    for (const id of loan.find()) {
      if (work.length === loan.limit) break;
      const rows = core.sql.readRecipients.all(id).filter(loan.wanted);
      if (rows.length === 0) continue;
      const message = readOrQuarantine(core, id, rows);
      if (message === null) unreadable += 1;
      else work.push(lendMessage(core, message, { rows, lease: loan.lease }));
    }
    if (work.length > 0 || unreadable === 0) return work;
  }
}

function lendMessage(
  core: Core,
  message: Message,
  { rows, lease }: { rows: readonly RecipientRow[]; lease: Lease },
): Work {
  const run = runNumber(core, lease.owner);
  for (const row of rows) {
    core.sql.lease.run(run, lease.untilMs, row.message_id, row.idx);
    count(core, row.lane, row.state, -1);
    count(core, row.lane, 'leased', 1);
  }
  return { message, recipients: rows.map(decodeRecipient), lease };
}
