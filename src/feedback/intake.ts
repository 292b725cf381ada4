import type { EventSink } from '../relay/events.ts';
import type { FeedbackItem, FeedbackNote, FeedbackProvider } from '../relay/feedback.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import {
  type Suppression,
  type SuppressionReason,
  suppressionAddress,
} from '../relay/suppression.ts';
import { type Match, matchOf } from './match.ts';
import { keysMs } from './said.ts';
import type { Suppressions } from './suppressions.ts';

export interface IntakeDeps {
  readonly settings: () => Settings;
  readonly store: Pick<QueueStore, 'search' | 'show' | 'noteFeedback'>;
  readonly suppressions: Suppressions;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** What one post said, its signature being right. */
export interface Telling {
  readonly provider: FeedbackProvider;
  readonly key: string | null;
  readonly items: readonly FeedbackItem[];
}

/** A note with what it was made of. */
interface Made {
  readonly note: FeedbackNote;
  readonly item: FeedbackItem;
  readonly match: Match | null;
}

/**
 * Attaches what a provider said to the messages, and suppresses the addresses that it is about.
 * False: all of it came before. Rejects with StoreError; then nothing was taken.
 */
export async function take(deps: IntakeDeps, telling: Telling): Promise<boolean> {
  const { store, suppressions, emit, clock } = deps;
  const { provider, key, items } = telling;
  const made: Made[] = [];
  for (const item of items) {
    const match = await matchOf(deps, provider, item);
    made.push({ note: noteOf(deps, provider, { item, match }), item, match });
  }
  const notes = made.map(({ note }) => note);
  const noted = await store.noteFeedback({ key, forgetAtMs: clock() + keysMs, notes });
  for (const place of noted.fresh) {
    const one = made[place];
    if (one === undefined) continue;
    const { note, item, match } = one;
    if (note.suppression !== null) suppressions.put(note.suppression);
    emit({
      is: 'feedback.received',
      provider,
      kind: item.kind,
      id: match?.id ?? null,
      account: match?.account ?? null,
      // Whom a message of somebody else's went to is none of our business.
      recipient: match === null ? null : item.recipient,
      providerId: item.providerId,
      suppressed: note.suppression !== null,
      text: match === null ? '' : item.text,
    });
  }
  return !noted.replayed;
}

function noteOf(
  deps: IntakeDeps,
  provider: FeedbackProvider,
  { item, match }: Pick<Made, 'item' | 'match'>,
): FeedbackNote {
  const { key, kind, atMs, text, providerId } = item;
  if (match === null) {
    const said = { atMs, provider, kind, providerId };
    return { key, about: { is: 'unknown', said }, suppression: null };
  }
  const { id, index, account } = match;
  const event = { is: 'feedback', atMs, index, kind, provider, account, text } as const;
  return {
    key,
    about: { is: 'message', id, event },
    suppression: suppressionOf(deps, item, match),
  };
}

/** The entry that follows; null: none, or what is there lasts as long. */
function suppressionOf(
  { settings, suppressions, clock }: IntakeDeps,
  item: FeedbackItem,
  match: Match,
): Suppression | null {
  const reason = reasonOf(item);
  const address = item.recipient === null ? null : suppressionAddress(item.recipient);
  if (reason === null || address === null || !item.certain) return null;
  const { scope, bounceMs, complaintMs } = settings().suppression;
  const lasting = reason === 'bounce' ? bounceMs : complaintMs;
  if (lasting === 'off') return null;
  const sinceMs = clock();
  const untilMs = lasting === 'forever' ? null : sinceMs + lasting;
  const account = scope === 'global' ? null : match.account;
  const there = suppressions.of(address).find((one) => one.account === account);
  const end = (at: number | null) => at ?? Number.POSITIVE_INFINITY;
  if (there !== undefined && end(there.untilMs) >= end(untilMs)) return null;
  return { address, account, reason, detail: item.text, sinceMs, untilMs };
}

function reasonOf({ kind }: FeedbackItem): SuppressionReason | null {
  if (kind === 'bounced') return 'bounce';
  return kind === 'complained' ? 'complaint' : null;
}
