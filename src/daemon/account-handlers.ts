import type { AccountDetail, AccountReport } from '../control/reports.ts';
import { type Answer, ControlError, type ControlHandlers } from '../control/wire.ts';
import type { Account } from '../relay/account.ts';
import type { MessageId } from '../relay/message.ts';
import type { LaneCount } from '../relay/queue.ts';
import { quotaReports, stateOf, tlsInWords, waitingIn } from './account-facts.ts';
import { accountTestLetter } from './account-test.ts';
import { accountNamed } from './named.ts';
import type { Relay } from './relay.ts';

type AccountHandlers = Pick<
  ControlHandlers,
  | 'account.list'
  | 'account.show'
  | 'account.hold'
  | 'account.resume'
  | 'account.test'
  | 'account.login'
  | 'account.login-progress'
>;

/** What relayctl may ask of and do to accounts. */
export function accountHandlers(
  relay: Relay,
  nowMs: () => number,
  newMessageId: () => MessageId,
): AccountHandlers {
  const { store, delivery } = relay;
  return {
    'account.list': async () => ({
      accounts: accountReports(relay, await store.counts()),
      pause: relay.delivery.pauses.current,
    }),

    'account.show': async ({ name }) => {
      const account = accountNamed(relay.settings(), name);
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
        credentials: delivery.credentials(name),
        at: { file: account.at.file, line: account.at.line },
      };
    },

    'account.hold': async ({ name, reason }) => {
      accountNamed(relay.settings(), name);
      const was = stateOf(relay, name);
      await delivery.holdAccount(name, reason);
      return { was, now: stateOf(relay, name) };
    },

    'account.resume': async ({ name, sender }) => {
      accountNamed(relay.settings(), name);
      const was = stateOf(relay, name);
      if (sender !== undefined) return { was, ...(await releaseSender(relay, name, sender)) };
      const { senders } = await delivery.senders.release(name, null);
      // Before the lane wakes: what it leases could no longer be counted.
      const flushed = await store.flush({
        filter: { account: name },
        includeHeld: false,
        nowMs: nowMs(),
      });
      await delivery.resumeAccount(name);
      await delivery.flushed(flushed);
      return { was, flushed, senders };
    },

    'account.test': async ({ name, send }) => {
      const account = accountNamed(relay.settings(), name);
      if (send === undefined) return await delivery.testAccount(name);
      const { hostname } = relay.settings();
      const given = { id: newMessageId(), hostname, nowMs: nowMs() };
      return await delivery.testAccount(name, accountTestLetter(account, send, given));
    },

    'account.login': async ({ name }) => {
      accountNamed(relay.settings(), name);
      const begun = await delivery.beginLogin(name);
      if (begun.is === 'refused') throw new ControlError('refused', begun.detail);
      return begun;
    },

    'account.login-progress': async ({ name }) => {
      accountNamed(relay.settings(), name);
      const progress = await delivery.pollLogin(name);
      if (progress.is === 'refused') throw new ControlError('refused', progress.detail);
      return progress;
    },
  };
}

async function releaseSender(
  { delivery }: Relay,
  name: string,
  sender: string,
): Promise<Pick<Answer<'account.resume'>, 'flushed' | 'senders'>> {
  const known = delivery.senders.list(name).map((held) => held.sender);
  const { senders, recipients, messages } = await delivery.senders.release(name, sender);
  if (senders.length === 0 && recipients === 0) {
    const held = known.length === 0 ? 'nobody is' : `held is: ${known.join(', ')}`;
    throw new ControlError('not-found', `${sender} is not held for account ${name}; ${held}`);
  }
  await delivery.look();
  return { flushed: { recipients, messages, accountsResumed: [], lanes: [name] }, senders };
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
  const slowed = relay.delivery.slowed().get(name);
  return {
    name,
    provider,
    host,
    port,
    username,
    state: stateOf(relay, name),
    heldSenders: relay.delivery.senders
      .list(name)
      .map(({ sender, detail, hint, sinceMs }) => ({ sender, detail, hint, sinceMs })),
    connections: {
      open: relay.delivery.connections().get(name) ?? 0,
      max: account.limits.connections,
      now: slowed?.connections ?? account.limits.connections,
    },
    pacePerSecond: slowed?.perSecond ?? null,
    queue,
    quota: quotaReports(relay.delivery.quotas().get(name)),
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
