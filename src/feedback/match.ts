import type { FeedbackItem, FeedbackProvider } from '../relay/feedback.ts';
import type { LogEntry, LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { suppressionAddress } from '../relay/suppression.ts';

/** A message of ours that a provider speaks of. */
export interface Match {
  readonly id: MessageId;
  /** The recipient's; null: not known, or all. */
  readonly index: number | null;
  readonly account: string;
}

export interface MatchDeps {
  readonly store: Pick<QueueStore, 'search' | 'show'>;
  readonly settings: () => Settings;
}

/** Messages that may share one id or one Message-ID field: parts of one that was split. */
const candidatesMax = 50;

/**
 * By our own id where the provider gives it back, by the provider's id, and else by the Message-ID
 * field; null: none of ours.
 */
export async function matchOf(
  deps: MatchDeps,
  provider: FeedbackProvider,
  item: FeedbackItem,
): Promise<Match | null> {
  const { ownId, providerId, messageIdField } = item;
  const { store } = deps;
  const sentBy = (account: string): boolean => isOf(provider, deps.settings(), account);
  if (ownId !== null) {
    const found = placeIn(await store.show(ownId), item, ({ account }) => sentBy(account));
    if (found !== null) return found;
  }
  const find = async (query: LogQuery) =>
    (await store.search({ query, before: null, limit: candidatesMax, tried: true })).entries;
  if (providerId !== null) {
    const entries = await find({ providerId });
    const found = first(entries, item, (sent) => sent.providerId === providerId);
    if (found !== null) return found;
  }
  if (messageIdField === null) return null;
  const recipient = item.recipient === null ? {} : { recipient: item.recipient };
  const entries = await find({ messageIdField, ...recipient });
  return first(entries, item, ({ account }) => sentBy(account));
}

/** Of an account that is gone, or has no preset, nobody knows whose it is. */
function isOf(provider: FeedbackProvider, { accounts }: Settings, name: string): boolean {
  const preset = accounts.get(name)?.provider ?? null;
  return preset === null || preset === provider || preset.startsWith(`${provider}-`);
}

interface Sent {
  readonly index: number;
  readonly account: string;
  readonly providerId?: string;
}

type Fits = (sent: Sent) => boolean;

function first(entries: readonly LogEntry[], item: FeedbackItem, fits: Fits): Match | null {
  const places = entries.flatMap((entry) => placeIn(entry, item, fits) ?? []);
  return places.find(({ index }) => index !== null) ?? places[0] ?? null;
}

/** Where in a message the provider's words belong; null: nothing of it went out that way. */
function placeIn({ history }: LogEntry, item: FeedbackItem, fits: Fits): Match | null {
  if (history === null) return null;
  const { id, envelope } = history.message;
  const sent = history.attempts
    .flatMap(({ account, results }) => results.map((result) => ({ account, ...result })))
    // What is in doubt may have been taken: here is the proof.
    .filter(({ outcome }) => outcome === 'delivered' || outcome === 'in-doubt')
    .filter(fits);
  const wanted = item.recipient === null ? null : suppressionAddress(item.recipient);
  const exact = sent.find(({ index }) => {
    const forwardPath = envelope.recipients[index]?.forwardPath ?? '';
    return wanted !== null && suppressionAddress(forwardPath) === wanted;
  });
  const one = exact ?? (sent.length === 1 && wanted === null ? sent[0] : undefined);
  if (one !== undefined) return { id, index: one.index, account: one.account };
  const [some] = sent;
  return some === undefined ? null : { id, index: null, account: some.account };
}
