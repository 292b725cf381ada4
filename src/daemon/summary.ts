import { ControlError } from '../control/wire.ts';
import { type SummaryAccount, type SummaryFacts, summaryLines } from '../policy/summary-text.ts';
import type { SummarySettings } from '../relay/alert.ts';
import type { ReasonClass } from '../relay/outcome.ts';
import { StoreError } from '../relay/ports.ts';
import type { HistoryEntry, LaneCount } from '../relay/queue.ts';
import { stateOf } from './account-facts.ts';
import type { Relay } from './relay.ts';
import { acceptOwn, type OwnMailParts } from './send-test.ts';
import { statsSince } from './stats-handlers.ts';

/** Puts the summary of the time since `sinceMs` into the queue. Why not; null: it is there. */
export async function sendSummary(
  parts: Omit<OwnMailParts, 'relay'> & { readonly relay: Relay },
  { to, from }: SummarySettings,
  sinceMs: number,
): Promise<string | null> {
  const { relay, nowMs } = parts;
  try {
    const facts = await summaryFacts(relay, { sinceMs, nowMs: nowMs() });
    const lines = summaryLines(facts);
    const subject = `relayd on ${facts.hostname}: ${lines[0] ?? ''}`;
    await acceptOwn(parts, { from: from ?? to, to, subject, lines: () => lines });
    return null;
  } catch (error) {
    if (error instanceof ControlError || error instanceof StoreError) return error.message;
    throw error;
  }
}

async function summaryFacts(
  relay: Relay,
  time: { readonly sinceMs: number; readonly nowMs: number },
): Promise<SummaryFacts> {
  const { store, settings, delivery } = relay;
  const failures = new Map<ReasonClass, { count: number; text: string }>();
  const stats = await statsSince(
    { store, settings },
    { by: ['account'], sinceMs: time.sinceMs },
    (entry) => addFailures(failures, entry),
  );
  const counts = await store.counts();
  return {
    hostname: settings().hostname,
    ...time,
    rows: stats.rows,
    complete: stats.complete,
    failures: [...failures].map(([reason, of]) => ({ reason, ...of })),
    accounts: [...settings().accounts.keys()].map((name) => accountFacts(relay, name, counts)),
    pause: delivery.pauses.current,
  };
}

function addFailures(
  failures: Map<ReasonClass, { count: number; text: string }>,
  { recipients }: HistoryEntry,
): void {
  for (const { outcome, reason, text } of recipients) {
    if (outcome !== 'bounced') continue;
    const known = failures.get(reason);
    if (known === undefined) failures.set(reason, { count: 1, text });
    else known.count++;
  }
}

function accountFacts(relay: Relay, name: string, counts: readonly LaneCount[]): SummaryAccount {
  const { delivery, settings } = relay;
  const mine = counts.filter(({ lane }) => lane === name);
  const waiting = mine.filter(({ state }) => state !== 'held' && state !== 'quarantined');
  const sum = (of: readonly LaneCount[]) => of.reduce((all, { recipients }) => all + recipients, 0);
  return {
    name,
    state: stateOf(relay, name),
    heldSenders: delivery.senders.list(name).map(({ sender }) => sender),
    waiting: sum(waiting),
    held: sum(mine.filter((one) => !waiting.includes(one))),
    oldestAtMs:
      waiting.length === 0 ? null : Math.min(...waiting.map((one) => one.oldestAcceptedAtMs)),
    quotas: delivery.quotas().get(name) ?? [],
    certificateEndsMs: delivery.certificate(name)?.validToMs ?? null,
    exceptionEndsMs: settings().accounts.get(name)?.tls.exception?.untilMs ?? null,
    credentials: delivery.credentials(name),
  };
}
