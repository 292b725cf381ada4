import { formatDuration } from '../lib/duration.ts';
import { reasonOf } from '../policy/classify.ts';
import { delayWarningDue } from '../policy/notify.ts';
import { planMessage } from '../policy/route.ts';
import { latestDue } from '../policy/schedule.ts';
import type { EventSink } from '../relay/events.ts';
import type { Message, MessageId } from '../relay/message.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { LeaseOwner, QueueFilter, QueueRow, Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { bounced, type Decision, putBack } from './disposition.ts';
import type { Choose } from './failover.ts';
import { leaseFrom } from './lane.ts';
import { reroute } from './reroute.ts';
import type { Settler } from './settler.ts';

export interface HousekeepingDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly settler: Settler;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly owner: LeaseOwner;
  readonly choose: Choose;
}

const batchMax = 100;
const pageMax = 200;

/** What mail needs that no lane works on: its end, a word to its sender, another way. */
export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  #warnedUntilMs: number | null = null;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
  }

  /** Bounces what is over its lifetime, in whatever lane and state it waits. */
  async expire(): Promise<void> {
    const { store, clock } = this.#deps;
    await this.#each(
      (lease) => store.claimExpired({ nowMs: clock(), lease, limit: batchMax }),
      ({ message, recipients }) => {
        const lifetime = formatDuration(message.expiresAtMs - message.acceptedAtMs);
        const detail = `undelivered at the end of its lifetime (${lifetime})`;
        const cause: Cause = { from: 'us', reason: 'expired', detail };
        return recipients.map((recipient) => bounced(recipient, cause, 'expired'));
      },
    );
  }

  /**
   * Tells senders once that their mail is late (RFC 5321 section 4.5.4.1), also where a held or
   * paused account lets no attempt say so. After a start it looks back as long as the warning
   * itself takes.
   */
  async warnDelayed(): Promise<void> {
    const { delayWarningMs } = this.#deps.settings().queue;
    if (delayWarningMs === null) return;
    const nowMs = this.#deps.clock();
    const olderThanMs = nowMs - delayWarningMs + 1;
    const newerThanMs = this.#warnedUntilMs ?? olderThanMs - delayWarningMs;
    const due = ({ acceptedAtMs, expiresAtMs }: Message, warned: boolean): boolean =>
      delayWarningDue({ acceptedAtMs, expiresAtMs, nowMs, delayWarningMs, warned });
    const filter = { states: ['waiting'], olderThanMs, newerThanMs } as const;
    await this.#eachRow(filter, async ({ message, recipients }) => {
      if (!recipients.some(({ delayWarned }) => due(message, delayWarned))) return;
      await this.#matching({ id: message.id, states: ['waiting'] }, (work) =>
        work.recipients.map((recipient) => warned(recipient, due(message, recipient.delayWarned))),
      );
    });
    this.#warnedUntilMs = olderThanMs - 1;
  }

  /**
   * Finds new ways for the mail of a lane that cannot work: its account is gone, held or paused.
   * Lane null: mail that was released without ever having had one. Returns the lanes that got mail.
   */
  async reroute(lane: string | null): Promise<ReadonlySet<string>> {
    const { settings, store, choose } = this.#deps;
    const woken = new Set<string>();
    let moves: { id: MessageId; lane: string }[] = [];
    const known = lane !== null && settings().accounts.has(lane);
    const filter: QueueFilter = {
      // What may have arrived already stays with its account as long as there is one.
      states: known ? ['waiting'] : ['waiting', 'in-doubt'],
      ...(lane === null ? {} : { account: lane }),
    };
    await this.#eachRow(filter, async ({ message, recipients }) => {
      const plans = planMessage(settings(), message);
      const plan = plans.length === 1 ? plans[0] : undefined;
      const here = recipients.filter((recipient) => recipient.lane === lane);
      if (here.length === 0) return;
      const { accounts = [] } = plan ?? {};
      const question = { accounts, current: lane, recipients: here.length };
      const target = accounts.length === 0 ? null : choose(question);
      if (target !== null && target === lane) return;
      const simple = recipients.every(({ state }) => state === 'waiting' || state === 'held');
      if (target !== null && simple && here.length === recipients.length) {
        moves.push({ id: message.id, lane: target });
        woken.add(target);
      } else {
        const states = filter.states ?? [];
        await this.rerouteMatching({ ...filter, id: message.id, states }, lane);
      }
      if (moves.length >= pageMax) {
        await store.relane(moves);
        moves = [];
      }
    });
    if (moves.length > 0) await store.relane(moves);
    return woken;
  }

  /** One message that matches and rests in the lane goes as the routes in force say. */
  async rerouteMatching(filter: QueueFilter, lane: string | null): Promise<void> {
    const { settings, clock, choose } = this.#deps;
    await this.#matching(filter, (work) => {
      const mine = work.recipients.filter((recipient) => recipient.lane === lane);
      const others = work.recipients.filter((recipient) => recipient.lane !== lane);
      const nowMs = clock();
      const context = { settings: settings(), choose, nowMs };
      const { stay, decisions } = reroute({ ...work, recipients: mine }, lane, context);
      return [
        ...decisions,
        ...[...stay, ...others].map((recipient) =>
          unchanged(recipient, putBack(recipient, { lane: recipient.lane ?? '', nowMs })),
        ),
      ];
    });
  }

  /** Ends recipients by an operator's word; the reverse-path is told of a bounce. */
  async endMatching(
    filter: QueueFilter,
    how: { readonly as: 'bounced' | 'removed'; readonly reason: string; readonly limit: number },
  ): Promise<{ recipients: number; messages: number }> {
    const cause: Cause = { from: 'us', reason: 'cancelled', detail: how.reason };
    return await this.#matching(
      filter,
      ({ recipients }) =>
        recipients.map((recipient) => {
          const ended = bounced(recipient, cause, 'operator');
          if (how.as === 'bounced') return ended;
          const becomes = { is: 'settled', outcome: 'removed' } as const;
          return { ...ended, becomes, outcome: null, told: 'removed', notify: null };
        }),
      how.limit,
    );
  }

  /** Bounces work that somebody leased for it. */
  async bounceWorks(works: readonly Work[], cause: Cause): Promise<void> {
    const reason = reasonOf(cause);
    await Promise.all(
      works.map((work) => {
        const { recipients } = work;
        return this.#settle(
          work,
          recipients.map((recipient) => bounced(recipient, cause, reason)),
        );
      }),
    );
  }

  /** The wall clock went back: due times that no schedule could have given are brought near. */
  async clampDue(byMs: number): Promise<void> {
    const { store, clock, settings, emit } = this.#deps;
    const nowMs = clock();
    const latestMs = latestDue(nowMs, settings().queue.retryMs);
    // After a jump longer than any interval nothing is known about when mail was due: it is due
    // now.
    const clamped = await store.clampDue(byMs > latestMs - nowMs ? nowMs : latestMs);
    if (byMs > 0 || clamped > 0) emit({ is: 'clock.jumped', byMs, clamped });
  }

  async #matching(
    filter: QueueFilter,
    decide: (work: Work) => Decision[],
    limit = 1,
  ): Promise<{ recipients: number; messages: number }> {
    const { store, owner, clock } = this.#deps;
    const lease = leaseFrom(owner, clock());
    const works = await store.claimMatching({ filter, lease, limit });
    await Promise.all(works.map((work) => this.#settle(work, decide(work))));
    const recipients = works.reduce((sum, work) => sum + work.recipients.length, 0);
    return { recipients, messages: works.length };
  }

  async #each(
    claim: (lease: Work['lease']) => Promise<Work[]>,
    decide: (work: Work) => Decision[],
  ): Promise<void> {
    const { owner, clock } = this.#deps;
    for (;;) {
      const works = await claim(leaseFrom(owner, clock()));
      await Promise.all(works.map((work) => this.#settle(work, decide(work))));
      if (works.length < batchMax) return;
    }
  }

  async #eachRow(filter: QueueFilter, use: (row: QueueRow) => Promise<void>): Promise<void> {
    let after: MessageId | null = null;
    do {
      const page: Awaited<ReturnType<QueueStore['list']>> = await this.#deps.store.list({
        filter,
        after,
        limit: pageMax,
      });
      for (const row of page.rows) await use(row);
      after = page.next;
    } while (after !== null);
  }

  #settle(work: Work, decisions: readonly Decision[]): Promise<void> {
    return this.#deps.settler.settleUntried(work, decisions);
  }
}

/** Waits on as before, and its sender knows. */
function warned(recipient: Work['recipients'][number], due: boolean): Decision {
  const waits = putBack(recipient, { lane: recipient.lane ?? '', nowMs: 0 });
  if (waits.becomes.is !== 'waiting' || !due) return unchanged(recipient, waits);
  const becomes = { ...waits.becomes, dueAtMs: recipient.dueAtMs, delayWarned: true };
  return { ...waits, becomes, notify: 'delayed' };
}

function unchanged(recipient: Work['recipients'][number], waits: Decision): Decision {
  const { becomes } = waits;
  if (becomes.is !== 'waiting' && becomes.is !== 'in-doubt') return waits;
  return { ...waits, becomes: { ...becomes, dueAtMs: recipient.dueAtMs } };
}
