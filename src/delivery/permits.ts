import {
  type ConnectionCap,
  connectionsUnder,
  fewerConnections,
} from '../policy/connection-cap.ts';
import { unitsOf } from '../policy/quota.ts';
import type { Account, AccountLimits } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause, Slower } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import type { AccountVerdict } from './judge.ts';
import { causeText } from './outcome-text.ts';
import { Paces } from './paces.ts';
import type { Quotas, Reservation } from './quotas.ts';

export interface PermitsDeps {
  readonly settings: () => Pick<Settings, 'accounts'>;
  readonly quotas: Quotas;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
}

/** What one account is held to beyond its limits, because its upstream said so. */
export interface Slowed {
  /** Messages, or recipients where those are counted; null: as fast as it goes. */
  readonly perSecond: number | null;
  /** At once. */
  readonly connections: number;
}

/** Which attempt was refused, and beside how many others. */
export interface RefusedAttempt {
  readonly stopped: { readonly verdict: AccountVerdict; readonly cause: Cause };
  /** On the clock that only grows. */
  readonly begunAtMs: number;
  readonly others: number;
}

/** A right to one transaction for so many recipients. */
export interface Permit extends Reservation {
  readonly recipients: number;
}

/**
 * The right to begin a transaction, one source for all connections of an account: the quota has
 * room and the pace is due. How fast, and on how many connections, is learned from what the
 * upstream refuses.
 */
export class Permits {
  readonly #deps: PermitsDeps;
  readonly #paces: Paces;
  readonly #caps = new Map<string, ConnectionCap>();
  /** Of the accounts that were slowed, their credential versions. */
  readonly #versions = new Map<string, string>();

  constructor(deps: PermitsDeps) {
    this.#deps = deps;
    this.#paces = new Paces(deps.monotonic);
  }

  /**
   * For as many of the recipients as one transaction can have. Null: not now; see `freeFrom`. What
   * repeats a part of a refused transaction does not wait for the pace but counts for it: given
   * back, it would come again whole, and be refused whole, for ever.
   */
  reserve(name: string, wanted: number, as: 'first' | 'repeat' = 'first'): Permit | null {
    const { quotas, settings } = this.#deps;
    const limits = settings().accounts.get(name)?.limits;
    if (limits === undefined) return null;
    if (as === 'first' && this.#paces.waitMs(name) > 0) return null;
    const { counts = 'messages' } = limits;
    const recipients = Math.min(wanted, this.#recipientsMax(name, limits));
    const reservation = quotas.reserve(name, recipients);
    if (reservation === null) return null;
    this.#paces.started(name, unitsOf(counts, recipients));
    return {
      recipients,
      kept: reservation.kept,
      end: (counted) => {
        reservation.end(counted);
        if (counted > 0) this.#paces.accepted(name, unitsOf(counts, counted));
      },
    };
  }

  /** For all of them in one transaction that may begin at once: no quota has to be kept first. */
  reserveNow(name: string, wanted: number): Permit | null {
    const limits = this.#deps.settings().accounts.get(name)?.limits;
    if (limits === undefined || limits.rate.length > 0) return null;
    return wanted > this.#recipientsMax(name, limits) ? null : this.reserve(name, wanted);
  }

  /** No more at once than the pace has in a second: a window of the upstream's may be that short. */
  #recipientsMax(name: string, { counts }: AccountLimits): number {
    const most = this.#deps.quotas.recipientsMax(name);
    const perSecond = counts === 'recipients' ? this.#paces.perSecond(name) : null;
    return perSecond === null ? most : Math.min(most, Math.max(1, Math.floor(perSecond)));
  }

  /** Wall-clock time from which a transaction may begin, 0 when it may now. */
  freeFrom(name: string, recipients: number): number {
    const waitMs = this.#paces.waitMs(name);
    const quotaFromMs = this.#deps.quotas.freeFrom(name, recipients);
    return waitMs === 0 ? quotaFromMs : Math.max(quotaFromMs, this.#deps.clock() + waitMs);
  }

  /** After a reload: what was learned of another server, or for other credentials, is forgotten. */
  follow(accounts: Settings['accounts']): void {
    for (const [name, version] of this.#versions) {
      if (accounts.get(name)?.credentialVersion === version) continue;
      this.#versions.delete(name);
      this.#caps.delete(name);
      this.#paces.forget(name);
    }
  }

  /** Nothing waits for the account any more, and nothing runs. */
  idle(name: string): void {
    this.#paces.idle(name);
  }

  connectionsMax({ name, limits }: Pick<Account, 'name' | 'limits'>): number {
    const cap = this.#caps.get(name) ?? null;
    return connectionsUnder(cap, limits.connections, this.#deps.monotonic());
  }

  slowed(account: Account): Slowed {
    const perSecond = this.#paces.perSecond(account.name);
    return { perSecond, connections: this.connectionsMax(account) };
  }

  /**
   * The account sends less from now on where the upstream asked for that. False: it did not, or
   * less is not possible and the account has to pause.
   */
  slowDown(account: Account, refused: RefusedAttempt): boolean {
    const { verdict, cause } = refused.stopped;
    if (!isSlower(verdict)) return false;
    const before = this.slowed(account);
    const done =
      verdict.slower === 'rate'
        ? this.#paces.refused(account.name, refused.begunAtMs)
        : this.#fewer(account, refused.others);
    if (!done) return false;
    this.#versions.set(account.name, account.credentialVersion);
    const { perSecond, connections } = this.slowed(account);
    if (perSecond !== before.perSecond || connections !== before.connections) {
      const detail = causeText(cause);
      const { hint } = verdict;
      const { name } = account;
      this.#deps.emit({
        is: 'account.slowed',
        account: name,
        perSecond,
        connections,
        detail,
        hint,
      });
    }
    return true;
  }

  #fewer(account: Account, others: number): boolean {
    const allowed = this.connectionsMax(account);
    const cap = fewerConnections(allowed, others, this.#deps.monotonic());
    if (cap !== null) this.#caps.set(account.name, cap);
    return cap !== null;
  }
}

/** Whether the upstream wants less of something, and no stop. */
export function isSlower(
  verdict: AccountVerdict,
): verdict is AccountVerdict & { readonly slower: Slower } {
  return verdict.action === 'pause' && verdict.slower !== undefined;
}
