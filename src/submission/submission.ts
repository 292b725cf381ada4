import { formatListenAddress } from '../config/listen-address.ts';
import type { Reply } from '../mail/reply.ts';
import type { EventSink, SessionRefusal } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import type { Clock, Dispatch, QueueStore, Spool } from '../relay/ports.ts';
import type { ListenAddress, ListenerSettings, Settings } from '../relay/settings.ts';
import type { SuppressionLookup } from '../relay/suppression.ts';
import { authenticator } from './authenticator.ts';
import { clientRates } from './client-rates.ts';
import type { Core } from './core.ts';
import { diskSpace } from './disk-space.ts';
import { type InheritedSockets, inheritedSockets } from './inherited-sockets.ts';
import { type Listener, openListener } from './listener.ts';
import { loginLimit } from './login-limit.ts';
import { memoryBudget } from './memory-budget.ts';
import { defaultPace, type Pace } from './pace.ts';
import { type Member, Registry } from './registry.ts';
import { REPLIES } from './replies.ts';
import { remoteName } from './session.ts';
import type { SystemdSockets } from './systemd-sockets.ts';

export interface SubmissionDeps {
  /** The configuration in force; asked again for every transaction. */
  readonly settings: () => Settings;
  readonly store: Pick<QueueStore, 'accept'>;
  readonly spool: Spool;
  readonly dispatch: Dispatch;
  /** The hold rules in force. */
  readonly holds: Core['holds'];
  readonly suppressed: SuppressionLookup;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly newMessageId: () => MessageId;
  /** Of socket activation; see `systemdSockets`. */
  readonly sockets?: SystemdSockets;
  readonly pace?: Partial<Pace>;
}

export interface ListenerActivity {
  readonly listen: string;
  readonly tls: ListenerSettings['tls'];
  readonly sessions: number;
}

/** The listeners that local apps submit to. */
export interface Submission {
  /** Where it listens, with real ports. */
  addresses(): readonly ListenAddress[];
  /** Each listener with its sessions open now. */
  listeners(): readonly ListenerActivity[];
  /** What systemd opened and no listener took. */
  untakenSockets: InheritedSockets['untaken'];
  /** Client connections open now. */
  connections(): number;
  /**
   * Brings the listeners in line with `settings`, which `deps.settings` gives from now on.
   * Unchanged ones stay open and read their certificates again. Rejects with ListenError when one
   * cannot be opened; the others are as asked.
   */
  reload(settings: Settings): Promise<void>;
  /** Sessions and clients to come get 421, a message being received is finished first. */
  drain(): void;
  undrain(): void;
  /**
   * Stops listening; sessions end with 421, a message being received is finished first, for
   * `drainMs` at most.
   */
  close(drainMs: number): Promise<void>;
}

/** Opens every configured listener, or none. Rejects with ListenError. */
export async function openSubmission(deps: SubmissionDeps): Promise<Submission> {
  const core = coreOf(deps);
  const sockets = inheritedSockets(deps.sockets ?? new Map());
  let listeners: Listener[] = [];
  /** Closed listeners whose last sessions are still running. */
  let leaving: Listener[] = [];

  const retire = (listener: Listener, reply: Reply): void => {
    leaving = [...leaving.filter(({ open }) => open > 0), listener];
    listener.stop(reply);
  };
  const openAll = async (wanted: readonly ListenerSettings[]): Promise<void> => {
    const failures: unknown[] = [];
    for (const settings of wanted) {
      try {
        listeners.push(await openListener(core, settings, sockets));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };

  try {
    await openAll(deps.settings().listeners);
  } catch (error) {
    for (const listener of listeners) listener.stop(REPLIES.stopping);
    sockets.closeUnattached();
    throw error;
  }
  return {
    addresses: () => listeners.flatMap(({ addresses }) => addresses),
    listeners: () =>
      listeners.map(({ addresses: [address], settings, running }) => ({
        listen: formatListenAddress(address ?? settings.listen),
        tls: settings.tls,
        sessions: running,
      })),
    untakenSockets: sockets.untaken,
    connections: () => core.registry.size,
    async reload(settings) {
      const keys = new Set(settings.listeners.map(keyOf));
      const open = new Set(listeners.map((listener) => keyOf(listener.settings)));
      for (const listener of listeners) {
        if (keys.has(keyOf(listener.settings))) listener.renewCertificate();
        else retire(listener, REPLIES.listenerClosed);
      }
      listeners = listeners.filter((listener) => keys.has(keyOf(listener.settings)));
      await openAll(settings.listeners.filter((one) => !open.has(keyOf(one))));
      sockets.closeUnattached();
    },
    drain() {
      core.gate.open = false;
      for (const listener of listeners) listener.endSessions(REPLIES.draining);
    },
    undrain() {
      core.gate.open = true;
    },
    async close(drainMs) {
      for (const listener of listeners) retire(listener, REPLIES.stopping);
      listeners = [];
      sockets.closeUnattached();
      await until(() => leaving.every(({ running }) => running === 0), drainMs);
      // Clients that do not hang up after their 421 are not waited for.
      await until(() => leaving.every(({ open }) => open === 0), Math.min(drainMs, lingerMs));
      for (const listener of leaving) listener.destroy();
      leaving = [];
    },
  };
}

function coreOf(deps: SubmissionDeps): Core {
  const { settings, clock, emit } = deps;
  const limits = (): Settings['limits'] => settings().limits;
  const pace = { ...defaultPace, ...deps.pace };
  const onEvicted = (member: Member, why: SessionRefusal): void => {
    const remote = remoteName(member);
    emit({ is: 'session.refused', listen: member.listen, remote, reason: why });
  };
  return {
    ...deps,
    pace,
    gate: { open: true },
    authenticator: authenticator(settings),
    logins: loginLimit(() => limits().authFailures, clock),
    rates: clientRates(clock),
    memory: memoryBudget(() => limits().memoryBytes),
    disk: diskSpace(() => settings().queue.directory, clock),
    registry: new Registry({
      limits,
      clock,
      replaceableIdleMs: pace.replaceableIdleMs,
      onEvicted,
    }),
  };
}

/** A listener is the same as long as everything about it is. */
function keyOf(listener: ListenerSettings): string {
  return JSON.stringify([formatListenAddress(listener.listen), listener]);
}

const pollMs = 20;
const lingerMs = 200;

/** Resolves when the condition holds or the time is over. */
async function until(condition: () => boolean, withinMs: number): Promise<void> {
  for (let waitedMs = 0; !condition() && waitedMs < withinMs; waitedMs += pollMs) {
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
}
