import { type Direction, type Redirection, redirection } from '../policy/redirect.ts';
import { planMessage } from '../policy/route.ts';
import { authorOf, foreignAddress } from '../policy/sends-as.ts';
import type { MessageId } from '../relay/message.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { QueuedRecipient, QueueFilter, QueueRow } from '../relay/queue.ts';
import type { Redirect, RedirectReport } from '../relay/queue-views.ts';
import type { Settings } from '../relay/settings.ts';
import type { Housekeeping } from './housekeeping.ts';

export interface RedirectDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly clock: Clock;
  readonly housekeeping: Pick<Housekeeping, 'rerouteMatching'>;
}

export interface RedirectAsk extends Direction {
  readonly filter: QueueFilter;
  /** Nothing is changed. */
  readonly dryRun: boolean;
}

const pageMax = 200;
const sendersShownMax = 5;

/** Sends mail that matches another way, page by page: memory does not grow with the queue. */
export async function redirectMatching(
  deps: RedirectDeps,
  ask: RedirectAsk,
): Promise<RedirectReport> {
  const tally = new Tally();
  const filter = { ...ask.filter, states: ask.filter.states ?? RESTING };
  let after: MessageId | null = null;
  do {
    const page: Awaited<ReturnType<QueueStore['list']>> = await deps.store.list({
      filter,
      after,
      limit: pageMax,
    });
    await redirectPage(deps, ask, { rows: page.rows, tally });
    after = page.next;
  } while (after !== null);
  return tally.report();
}

const RESTING = ['waiting', 'in-doubt', 'held'] as const;

async function redirectPage(
  { settings, store, clock, housekeeping }: RedirectDeps,
  ask: RedirectAsk,
  { rows, tally }: { readonly rows: readonly QueueRow[]; readonly tally: Tally },
): Promise<void> {
  const moves: Redirect[] = [];
  for (const row of rows) {
    const { id } = row.message;
    const foreign = foreignTo(settings(), ask.to, row);
    if (foreign !== null) {
      tally.refuse(id, foreign);
      continue;
    }
    const fates = fatesOf(settings(), row, ask);
    tally.add(fates);
    if (ask.dryRun) continue;
    moves.push(...movesOf(id, fates, ask.to !== null));
    const without = fates.filter(([, { is }]) => is === 'without-account');
    for (const lane of new Set(without.map(([recipient]) => recipient.lane))) {
      await housekeeping.rerouteMatching({ ...ask.filter, id, states: ['waiting'] }, lane);
    }
  }
  if (moves.length > 0) await store.redirect({ moves, nowMs: clock() });
}

/** The first address that the account may not send as; null: it may, or the routes decide. */
function foreignTo(
  { accounts }: Settings,
  to: string | null,
  { message }: QueueRow,
): string | null {
  const account = to === null ? undefined : accounts.get(to);
  return account === undefined ? null : foreignAddress(account, authorOf(message));
}

type Fates = readonly (readonly [QueuedRecipient, Redirection])[];

function fatesOf(settings: Settings, { message, recipients }: QueueRow, ask: RedirectAsk): Fates {
  const plans = ask.to === null ? planMessage(settings, message) : [];
  return recipients.map((recipient) => {
    const plan = plans.find(({ indexes }) => indexes.includes(recipient.index));
    return [recipient, redirection(recipient, plan, ask)];
  });
}

/** By the lanes entered: the routes may part a message. */
function movesOf(id: MessageId, fates: Fates, bind: boolean): Redirect[] {
  const moving = fates.flatMap(([, fate]) => (fate.is === 'moves' ? [fate] : []));
  return [...Map.groupBy(moving, ({ lane }) => lane)].map(([lane, some]) => ({
    id,
    lane,
    bind,
    recipients: some.map(({ step }) => step),
  }));
}

class Tally {
  #recipients = 0;
  #messages = 0;
  #withoutAccount = 0;
  #inDoubt = 0;
  #notAllowed = 0;
  readonly #senders: { id: MessageId; address: string }[] = [];
  /** By lane left and lane entered. */
  readonly #moves = new Map<string, { from: string | null; to: string; recipients: number }>();

  refuse(id: MessageId, address: string): void {
    this.#notAllowed += 1;
    if (this.#senders.length < sendersShownMax) this.#senders.push({ id, address });
  }

  add(fates: Fates): void {
    let moved = 0;
    for (const [{ lane: from }, fate] of fates) {
      if (fate.is === 'in-doubt') this.#inDoubt += 1;
      if (fate.is === 'without-account') this.#withoutAccount += 1;
      if (fate.is !== 'moves') continue;
      const key = JSON.stringify([from, fate.lane]);
      const move = this.#moves.get(key) ?? { from, to: fate.lane, recipients: 0 };
      move.recipients += 1;
      this.#moves.set(key, move);
      moved += 1;
    }
    this.#recipients += moved;
    if (moved > 0) this.#messages += 1;
  }

  report(): RedirectReport {
    return {
      recipients: this.#recipients,
      messages: this.#messages,
      moves: [...this.#moves.values()].sort((a, b) => b.recipients - a.recipients),
      withoutAccount: this.#withoutAccount,
      inDoubt: this.#inDoubt,
      notAllowed: this.#notAllowed,
      senders: this.#senders,
    };
  }
}
