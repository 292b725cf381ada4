import type { FeedbackNoted, FeedbackPost, UnknownFeedback } from '../relay/feedback.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import {
  SUPPRESSION_REASONS,
  type Suppression,
  type SuppressionKey,
} from '../relay/suppression.ts';
import type { Core } from './core.ts';
import type { SuppressionRow } from './feedback-statements.ts';

/** What the storage can be asked about providers' later words; the first four change the queue's file. */
export interface FeedbackOperationTable {
  'feedback.note': { given: FeedbackPost; answer: FeedbackNoted };
  'feedback.expire': { given: { nowMs: number; limit: number }; answer: number };
  'suppression.put': { given: readonly Suppression[]; answer: undefined };
  'suppression.remove': { given: readonly SuppressionKey[]; answer: number };
  'suppression.list': {
    given: { after: SuppressionKey | null; limit: number };
    answer: readonly Suppression[];
  };
  'feedback.unknown': { given: { limit: number }; answer: readonly UnknownFeedback[] };
}

type Given<N extends keyof FeedbackOperationTable> = FeedbackOperationTable[N]['given'];

/** A post whose key is known leaves nothing behind; of another one, each thing is noted once. */
export function noteFeedback(core: Core, post: Given<'feedback.note'>): FeedbackNoted {
  const { key, forgetAtMs, notes } = post;
  const isNew = (one: string): boolean => core.sql.takeKey.run(one, forgetAtMs).changes > 0;
  if (key !== null && !isNew(key)) return { replayed: true, fresh: [] };
  const fresh: number[] = [];
  for (const [place, note] of notes.entries()) {
    if (!isNew(note.key)) continue;
    fresh.push(place);
    if (note.suppression !== null) suppress(core, [note.suppression]);
    const { about } = note;
    core.aftermath.add('history', () => {
      if (about.is === 'unknown') core.history.feedback.noteUnknown(about.said);
      else core.history.feedback.attach(messageIdToNumber(about.id) ?? -1, about.event);
    });
  }
  return { replayed: notes.length > 0 && fresh.length === 0, fresh };
}

export function suppress(core: Core, entries: Given<'suppression.put'>): undefined {
  for (const { address, account, reason, detail, sinceMs, untilMs } of entries) {
    core.sql.suppress.run(address, account ?? '', reason, detail, sinceMs, untilMs);
  }
}

export function unsuppress(core: Core, keys: Given<'suppression.remove'>): number {
  let removed = 0;
  for (const { address, account } of keys) {
    removed += core.sql.unsuppress.run(address, account ?? '').changes;
  }
  return removed;
}

export function suppressions(core: Core, query: Given<'suppression.list'>): Suppression[] {
  const { after, limit } = query;
  const rows = core.sql.suppressions.all(after?.address ?? '', after?.account ?? '', limit);
  return rows.map(decode);
}

/** Of keys and entries the larger number that went; below the limit: none is left. */
export function expireFeedback(core: Core, { nowMs, limit }: Given<'feedback.expire'>): number {
  const keys = core.sql.forgetKeys.run(nowMs, limit).changes;
  return Math.max(keys, core.sql.expireSuppressions.run(nowMs, limit).changes);
}

/** A reason that makes no sense is an operator's: it stays until somebody removes it. */
function decode(row: SuppressionRow): Suppression {
  const { address, account, detail, since_at: sinceMs, until_at: untilMs } = row;
  const reason = SUPPRESSION_REASONS.find((one) => one === row.reason) ?? 'operator';
  return { address, account: account === '' ? null : account, reason, detail, sinceMs, untilMs };
}
