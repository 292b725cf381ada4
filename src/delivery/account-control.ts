import type { QuotaUse } from '../policy/quota.ts';
import type { AccountState } from '../relay/account.ts';
import type { RememberedCertificate } from '../relay/certificate.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import { accountNamed } from './account-identity.ts';
import type { ConnectionActivity } from './activities.ts';
import type { Connection } from './connection.ts';
import type { DeliveryParts } from './delivery-parts.ts';
import type { Slowed } from './permits.ts';
import { probeAccount } from './probe.ts';
import { sendProbe, type TestLetter } from './probe-send.ts';

/** What may be asked of accounts and done to them; names are those of configured accounts. */
export interface AccountControl {
  /** Stops a configured account until it is resumed. */
  holdAccount(name: string, reason: string): Promise<void>;
  /** Opens a held or paused account. */
  resumeAccount(name: string): Promise<void>;
  /** Which of these accounts would take a new message now. */
  taker(accounts: readonly string[]): string;
  /** Who stands in for an account that does not work, by that account. */
  standIns(): ReadonlyMap<string, ReadonlySet<string>>;
  /** Every configured account. */
  states(): ReadonlyMap<string, AccountState>;
  /** What every configured account has used of its limits now. */
  quotas(): ReadonlyMap<string, readonly QuotaUse[]>;
  /** What every configured account keeps to because of its upstream. */
  slowed(): ReadonlyMap<string, Slowed>;
  /** When so many more will be out at the earliest, by the account's limits; null: it has none. */
  outAtMs(name: string, units: number): number | null;
  /** Null: nothing since the start, nor among what was settled last before it. */
  lastDeliveredAtMs(name: string): number | null;
  /** Fresh messages in a row that it has tried and not delivered, since the start. */
  failuresInARow(name: string): number;
  /** Open upstream connections per account. */
  connections(): ReadonlyMap<string, number>;
  /** Every upstream connection with what it does now. */
  activities(): readonly ConnectionActivity[];
  /** What the account's server showed at the last handshake, over restarts; null: none yet. */
  certificate(name: string): RememberedCertificate | null;
  /** Connects and logs in as an attempt would, and sends nothing. */
  testAccount(name: string, send?: TestLetter): Promise<ProbeReport>;
}

export function accountControl(parts: DeliveryParts): AccountControl {
  const { deps, pool, states, certificates, logins, quotas, permits, dispatcher, keeper } = parts;
  const { failover } = parts;
  const { settings, clock } = deps;
  return {
    async holdAccount(name, reason) {
      const account = accountNamed(settings(), name);
      const lane = dispatcher.lane(name);
      await states.hold(lane, account, reason);
      dispatcher.evict(lane);
    },

    async resumeAccount(name) {
      accountNamed(settings(), name);
      await states.resume(dispatcher.lane(name));
      logins.mended(name);
      await keeper.look();
    },

    taker: (accounts) => failover.taker({ accounts, current: null, recipients: 1 }),
    standIns: () => failover.standIns,
    states() {
      const open: AccountState = { is: 'open' };
      const names = [...settings().accounts.keys()];
      return new Map(names.map((name) => [name, dispatcher.lanes.get(name)?.state ?? open]));
    },
    quotas: () => new Map([...settings().accounts.keys()].map((name) => [name, quotas.uses(name)])),
    slowed: () => new Map([...settings().accounts].map(([name, of]) => [name, permits.slowed(of)])),
    outAtMs: (name, units) => quotas.outFrom(name, units),
    lastDeliveredAtMs: (name) => dispatcher.lanes.get(name)?.lastDeliveredAtMs ?? null,
    failuresInARow: (name) => dispatcher.lanes.get(name)?.failuresInARow ?? 0,
    connections: () => pool.counts(),
    activities: () => pool.activities(),
    certificate: (name) => certificates.current(name),

    async testAccount(name, letter) {
      const account = accountNamed(settings(), name);
      const { hostname } = settings();
      const { tokens, aborted: signal } = pool;
      const onCertificate = certificates.saw;
      const options = { hostname, clock, signal, tokens, onCertificate };
      if (letter === undefined) return await probeAccount(account, options);
      const send = (one: Connection) => sendProbe(one, letter, { quotas, emit: deps.emit, clock });
      return await probeAccount(account, { ...options, send });
    },
  };
}
