import type { AccountDetail, AccountReport } from '../control/reports.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import { formatRate } from '../lib/rate.ts';
import type { Account } from '../relay/account.ts';
import type { LaneCount } from '../relay/queue.ts';
import type { Relay } from './relay.ts';

type AccountHandlers = Pick<
  ControlHandlers,
  'account.list' | 'account.show' | 'account.hold' | 'account.resume' | 'account.test'
>;

/** What relayctl may ask of and do to accounts. */
export function accountHandlers(relay: Relay, nowMs: () => number): AccountHandlers {
  const { store, delivery } = relay;
  return {
    'account.list': async () => ({ accounts: accountReports(relay, await store.counts()) }),

    'account.show': async ({ name }) => {
      const account = accountNamed(relay, name);
      return {
        account: accountReport(relay, account, await store.counts()),
        routes: relay
          .settings()
          .routes.filter(({ action }) => action.is === 'accounts' && action.accounts.includes(name))
          .map(({ index, line, sender }) => ({ index, line, sender })),
        ...standIns(relay, name),
        identities: account.identities,
        tls: tlsInWords(account),
        exception: account.tls.exception,
        certificate: delivery.certificate(name),
        at: { file: account.at.file, line: account.at.line },
      };
    },

    'account.hold': async ({ name, reason }) => {
      accountNamed(relay, name);
      const was = stateOf(relay, name);
      await delivery.holdAccount(name, reason);
      return { was, now: stateOf(relay, name) };
    },

    'account.resume': async ({ name }) => {
      accountNamed(relay, name);
      const was = stateOf(relay, name);
      // Before the lane wakes: what it leases could no longer be counted.
      const flushed = await store.flush({
        filter: { account: name },
        includeHeld: false,
        nowMs: nowMs(),
      });
      await delivery.resumeAccount(name);
      await delivery.flushed(flushed);
      return { was, flushed };
    },

    'account.test': ({ name }) => {
      accountNamed(relay, name);
      return delivery.testAccount(name);
    },
  };
}

/** Every configured account, in the order of the file. */
export function accountReports(relay: Relay, counts: readonly LaneCount[]): AccountReport[] {
  return [...relay.settings().accounts.values()].map((account) =>
    accountReport(relay, account, counts),
  );
}

function accountReport(
  relay: Relay,
  account: Account,
  counts: readonly LaneCount[],
): AccountReport {
  const { name, provider, host, port, username } = account;
  const queue = counts.filter(({ lane }) => lane === name);
  const uses = relay.delivery.quotas().get(name) ?? [];
  return {
    name,
    provider,
    host,
    port,
    username,
    state: stateOf(relay, name),
    connections: {
      open: relay.delivery.connections().get(name) ?? 0,
      max: account.limits.connections,
    },
    queue,
    quota: uses.map(({ rate, used }) => ({ rate: formatRate(rate), used })),
    outAtMs: relay.delivery.outAtMs(name, waitingIn(queue)),
    lastDeliveredAtMs: relay.delivery.lastDeliveredAtMs(name),
  };
}

/** Whose mail goes to whom in the routes that name the account; identities aside. */
function standIns(relay: Relay, name: string): Pick<AccountDetail, 'handsOverTo' | 'standsInFor'> {
  const handsOverTo = new Set<string>();
  const standsInFor = new Set<string>();
  for (const { action } of relay.settings().routes) {
    if (action.is !== 'accounts' || !action.accounts.includes(name)) continue;
    const taker = relay.delivery.taker(action.accounts);
    const before = action.accounts.slice(0, action.accounts.indexOf(taker));
    if (before.includes(name)) handsOverTo.add(taker);
    if (taker === name) for (const account of before) standsInFor.add(account);
  }
  return { handsOverTo: [...handsOverTo], standsInFor: [...standsInFor] };
}

/** Recipients that an account still has to serve by itself. */
function waitingIn(queue: readonly LaneCount[]): number {
  return queue
    .filter(({ state }) => state === 'waiting' || state === 'in-doubt')
    .reduce((sum, { recipients }) => sum + recipients, 0);
}

function stateOf(relay: Relay, name: string): AccountReport['state'] {
  return relay.delivery.states().get(name) ?? { is: 'open' };
}

function accountNamed(relay: Relay, name: string): Account {
  const account = relay.settings().accounts.get(name);
  if (account !== undefined) return account;
  const known = [...relay.settings().accounts.keys()].join(', ');
  throw new ControlError('not-found', `no account ${name}; there is: ${known}`);
}

function tlsInWords({ tls }: Account): string {
  if (tls.mode === 'none') return 'none';
  const pins = tls.pins.length === 0 ? '' : `, ${tls.pins.length} pinned`;
  return `${tls.mode}, verify ${tls.verify}, at least ${tls.minimum}${pins}`;
}
