import type { EventSink } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import type { Clock, Dice, DotLedger, QueueStore, Spool } from '../relay/ports.ts';
import type { LeaseOwner } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { sameAccount } from './account-identity.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { Dispatcher } from './dispatcher.ts';
import { Failover } from './failover.ts';
import { Housekeeping } from './housekeeping.ts';
import { LaneStates } from './lane-states.ts';
import { Pool } from './pool.ts';
import { Quotas } from './quotas.ts';
import { ScheduleKeeper } from './schedule-keeper.ts';
import { Settler } from './settler.ts';

export interface DeliveryDeps {
  /** The configuration in force. */
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly spool: Spool;
  readonly dots: DotLedger;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly owner: LeaseOwner;
  readonly newMessageId: () => MessageId;
  /** Milliseconds since the boot of the machine, which only grow; default: `process.hrtime`. */
  readonly monotonic?: () => number;
}

/** What delivery is made of. */
export interface DeliveryParts {
  readonly deps: DeliveryDeps;
  readonly pool: Pool;
  readonly states: LaneStates;
  readonly certificates: CertificateWatch;
  readonly quotas: Quotas;
  readonly failover: Failover;
  readonly dispatcher: Dispatcher;
  readonly housekeeping: Housekeeping;
  readonly keeper: ScheduleKeeper;
}

/** Each part knows only what is below it; what has to be said upwards is a function. */
export function assemble(deps: DeliveryDeps): DeliveryParts {
  const { settings, clock, emit } = deps;
  const monotonic = deps.monotonic ?? sinceBootMs;
  const certificates = new CertificateWatch(deps);
  const onCertificate = certificates.saw;
  const pool = new Pool({
    hostname: () => settings().hostname,
    clock,
    emit,
    monotonic,
    onTokenRefused(account, { verdict, cause }) {
      const current = settings().accounts.get(account.name);
      if (current === undefined || !sameAccount(current, account)) return;
      if (verdict.scope !== 'account') return;
      const lane = dispatcher.lane(account.name);
      if (states.stop(lane, account, { verdict, cause })) dispatcher.evict(lane);
    },
    onCertificate,
    onConnected({ name }) {
      const lane = dispatcher.lane(name);
      if (states.connected(lane)) dispatcher.pump(lane);
    },
  });
  const settler = new Settler(deps, (lane, dueAtMs) => {
    keeper.noteMail();
    dispatcher.wake(lane, dueAtMs);
    failover.rested(lane);
  });
  const states = new LaneStates({ ...deps, onChanged: (name) => failover.changed(name) });
  const quotas = new Quotas({ ...deps, monotonic, boot: deps.owner.boot });
  const failover: Failover = new Failover({
    ...deps,
    quotas,
    lane: (name) => dispatcher.lane(name),
    onDue: (atMs) => keeper.wakeAt(atMs),
  });
  const dispatcher: Dispatcher = new Dispatcher({
    ...deps,
    settler,
    states,
    quotas,
    failover,
    attempts: { ...deps, pool, quotas, settler },
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
  return { deps, pool, states, certificates, quotas, failover, dispatcher, housekeeping, keeper };
}

/** The same for every process of one boot, so that a restart knows how long it took. */
function sinceBootMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
