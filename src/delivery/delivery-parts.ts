import { mayWork } from '../policy/lane-state.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock, Dice, DotLedger, QueueStore, Spool, TokenVault } from '../relay/ports.ts';
import type { LeaseOwner } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import type { SuppressionLookup } from '../relay/suppression.ts';
import { sameAccount } from './account-identity.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { CredentialsInUse } from './credentials-in-use.ts';
import { Dispatcher } from './dispatcher.ts';
import { Failover } from './failover.ts';
import { HeldSenders } from './held-senders.ts';
import { HoldRules } from './hold-rules.ts';
import { Housekeeping } from './housekeeping.ts';
import { KeptTokens } from './kept-tokens.ts';
import { LaneStates } from './lane-states.ts';
import { type LoginParts, type Logins, openLogins } from './logins.ts';
import { isSlower, Permits } from './permits.ts';
import { Pool, type PoolDeps } from './pool.ts';
import { Quotas } from './quotas.ts';
import { RelayPauses } from './relay-pause.ts';
import { SafetyNet } from './safety-net.ts';
import { ScheduleKeeper } from './schedule-keeper.ts';
import { Settler } from './settler.ts';
import { Traces } from './traces.ts';

export interface DeliveryDeps {
  /** The configuration in force. */
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly vault: TokenVault;
  readonly spool: Spool;
  readonly dots: DotLedger;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly owner: LeaseOwner;
  readonly newMessageId: () => MessageId;
  readonly suppressed: SuppressionLookup;
  /** Milliseconds since the boot of the machine, which only grow; default: `process.hrtime`. */
  readonly monotonic?: () => number;
}

/** What delivery is made of. */
export interface DeliveryParts extends LoginParts {
  readonly deps: DeliveryDeps;
  readonly logins: Logins;
  readonly quotas: Quotas;
  readonly permits: Permits;
  readonly net: SafetyNet;
  readonly senders: HeldSenders;
  readonly failover: Failover;
  readonly holds: HoldRules;
  readonly pauses: RelayPauses;
  readonly traces: Traces;
  readonly housekeeping: Housekeeping;
  readonly keeper: ScheduleKeeper;
}

/** Each part knows only what is below it; what has to be said upwards is a function. */
export function assemble(given: DeliveryDeps): DeliveryParts {
  const { clock, emit } = given;
  const monotonic = given.monotonic ?? sinceBootMs;
  const keptTokens = new KeptTokens(given);
  const credentials = new CredentialsInUse({
    ...given,
    withLogin: keptTokens.withLogin,
    onChange: (account) => logins.changed(account),
  });
  const { settings } = credentials;
  const deps = { ...given, settings };
  const certificates = new CertificateWatch(deps);
  const traces = new Traces(clock);
  const pool = new Pool({
    traces,
    ...poolOccasions({ settings, clock }, () => ({ dispatcher, states, permits, credentials })),
    hostname: () => settings().hostname,
    clock,
    emit,
    monotonic,
    keptTokens,
    onCertificate: certificates.saw,
  });
  const settler = new Settler(deps, (lane, dueAtMs) => {
    keeper.noteMail();
    dispatcher.wake(lane, dueAtMs);
    failover.rested(lane);
  });
  const { net, senders } = refusalParts(deps, () => dispatcher);
  const fallBack = (account: Account, cause: Cause): boolean => {
    const goesOn = credentials.refused(account, cause);
    if (!goesOn) logins.refused(account.name);
    return goesOn;
  };
  const onChanged = (name: string) => failover.changed(name);
  const states = new LaneStates({ ...deps, net, fallBack, onChanged });
  const quotas = new Quotas({ ...deps, monotonic, boot: deps.owner.boot });
  const permits = new Permits({ ...deps, quotas, monotonic });
  const failover: Failover = new Failover({
    ...deps,
    quotas,
    lane: (name) => dispatcher.lane(name),
    onDue: (atMs) => keeper.wakeAt(atMs),
  });
  const { holds, pauses } = steeringParts(deps, () => ({ dispatcher, keeper }));
  const dispatcher: Dispatcher = new Dispatcher({
    ...{ ...deps, settler, states, permits, monotonic, senders, failover },
    isPaused: () => pauses.current !== null,
    attempts: { ...deps, pool, permits, net, senders, settler },
    onRanDry: () => keeper.countSoon(),
    onDue: (atMs) => keeper.wakeAt(atMs),
  });
  const housekeeping = new Housekeeping({ ...deps, settler, choose: failover.choose });
  const keeper: ScheduleKeeper = new ScheduleKeeper({
    ...deps,
    monotonic,
    dispatcher,
    failover,
    housekeeping,
  });
  const below = {
    ...{ deps, pool, states, certificates, quotas, permits, net, senders, failover },
    ...{ dispatcher, housekeeping, keeper, holds, pauses, traces },
  };
  const logins: Logins = openLogins(below, credentials, keptTokens);
  return { ...below, logins };
}

/** What an operator has ordered for the time to come. */
function steeringParts(
  deps: DeliveryDeps,
  parts: () => Pick<DeliveryParts, 'dispatcher' | 'keeper'>,
): Pick<DeliveryParts, 'holds' | 'pauses'> {
  const look = () => void parts().keeper.look();
  const onPaused = () => parts().dispatcher.evictAll();
  return {
    holds: new HoldRules({ ...deps, onReleased: look }),
    pauses: new RelayPauses({ ...deps, onPaused, onResumed: look }),
  };
}

/** What keeps refusals of an account from becoming bounces. */
function refusalParts(
  deps: DeliveryDeps,
  dispatcher: () => Dispatcher,
): Pick<DeliveryParts, 'net' | 'senders'> {
  const lane = (name: string) => dispatcher().lane(name);
  return {
    net: new SafetyNet({ ...deps, stateOf: (name) => lane(name).state }),
    senders: new HeldSenders({ ...deps, onHeld: (name) => dispatcher().holdSenders(lane(name)) }),
  };
}

/** What the pool asks and tells about logins; the parts it concerns are made after it. */
function poolOccasions(
  { settings, clock }: Pick<DeliveryDeps, 'settings' | 'clock'>,
  parts: () => Pick<DeliveryParts, 'dispatcher' | 'states' | 'permits'> & {
    readonly credentials: CredentialsInUse;
  },
): Pick<PoolDeps, 'onLoginRefused' | 'mayLogIn' | 'connectionsMax' | 'onConnected'> {
  const inForce = (account: Account): boolean => {
    const current = settings().accounts.get(account.name);
    return current !== undefined && sameAccount(current, account);
  };
  return {
    onLoginRefused(account, { verdict, cause }) {
      const { dispatcher, states } = parts();
      if (!inForce(account) || verdict.scope !== 'account' || isSlower(verdict)) return false;
      const lane = dispatcher.lane(account.name);
      if (states.stop(lane, account, { verdict, cause })) dispatcher.evict(lane);
      return true;
    },
    mayLogIn: (account) =>
      inForce(account) && mayWork(parts().dispatcher.lane(account.name).state, clock()),
    connectionsMax: (account) => parts().permits.connectionsMax(account),
    onConnected(account) {
      const { dispatcher, states, credentials } = parts();
      credentials.accepted(account);
      const lane = dispatcher.lane(account.name);
      if (states.connected(lane)) dispatcher.pump(lane);
    },
  };
}

/** Milliseconds after boot at which the clock below began; a bigint for each reading is dear. */
const bootAheadMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The same for every process of one boot, so that a restart knows how long it took. */
function sinceBootMs(): number {
  return bootAheadMs + performance.now();
}
