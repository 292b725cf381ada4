import type { Reply } from '../mail/reply.ts';
import type { SessionRefusal } from '../relay/events.ts';
import type { Clock } from '../relay/ports.ts';
import type { SubmissionLimits } from '../relay/settings.ts';
import { REPLIES } from './replies.ts';

/** A session as the limits see it. */
export interface Member {
  /** Of its listener, for events. */
  readonly listen: string;
  readonly remoteAddress: string;
  /** Waiting for its client, outside a transaction. */
  readonly idle: boolean;
  /** When the last command came. */
  readonly lastCommandAtMs: number;
  end(reply: Reply): void;
}

export interface Refused {
  readonly reply: Reply;
  readonly why: SessionRefusal;
}

/**
 * Who is connected. Sessions that have not said who they are compete for the places that are not reserved; when
 * those are full the oldest idle one gives way to the newcomer, so that any number of idle or rude connections
 * leaves a door open for one that behaves.
 */
export interface Registry {
  enter(member: Member): Refused | null;
  /** The session is of this client from now on. */
  identify(member: Member, client: string): Refused | null;
  /** The session is nobody's again (XCLIENT, STARTTLS). */
  forget(member: Member): void;
  leave(member: Member): void;
  readonly size: number;
}

export interface RegistryOptions {
  readonly limits: () => SubmissionLimits;
  readonly clock: Clock;
  readonly replaceableIdleMs: number;
  /** A session was closed to make room. */
  readonly onEvicted: (member: Member, why: SessionRefusal) => void;
}

export function registry(options: RegistryOptions): Registry {
  const unknown = new Set<Member>();
  const clients = new Map<string, Set<Member>>();
  const clientOf = new Map<Member, string>();
  const perAddress = new Map<string, number>();
  /** As it was at the start: XCLIENT changes it. */
  const addressOf = new Map<Member, string>();

  const forget = (member: Member): void => {
    const client = clientOf.get(member);
    if (client === undefined) return;
    clientOf.delete(member);
    const sessions = clients.get(client);
    sessions?.delete(member);
    if (sessions?.size === 0) clients.delete(client);
  };
  const leave = (member: Member): void => {
    const address = addressOf.get(member);
    if (address === undefined) return;
    addressOf.delete(member);
    forget(member);
    unknown.delete(member);
    const left = (perAddress.get(address) ?? 1) - 1;
    if (left > 0) perAddress.set(address, left);
    else perAddress.delete(address);
  };
  const evictFrom = (members: Iterable<Member>, reply: Reply, why: SessionRefusal): boolean => {
    for (const member of members) {
      if (!member.idle) continue;
      leave(member);
      options.onEvicted(member, why);
      member.end(reply);
      return true;
    }
    return false;
  };

  return {
    enter(member) {
      const { connections, connectionsReserved, connectionsPerAddress } = options.limits();
      const fromAddress = perAddress.get(member.remoteAddress) ?? 0;
      if (connectionsPerAddress > 0 && fromAddress >= connectionsPerAddress) {
        return { reply: REPLIES.tooManyOfAddress, why: 'per-address' };
      }
      const full =
        unknown.size >= Math.max(1, connections - connectionsReserved) ||
        addressOf.size >= connections;
      if (full && !evictFrom(unknown, REPLIES.evicted, 'reserved')) {
        return { reply: REPLIES.tooManyConnections, why: 'connections' };
      }
      unknown.add(member);
      addressOf.set(member, member.remoteAddress);
      perAddress.set(member.remoteAddress, fromAddress + 1);
      return null;
    },
    identify(member, client) {
      const sessions = clients.get(client) ?? new Set();
      if (sessions.size >= options.limits().connectionsPerClient) {
        const beforeMs = options.clock() - options.replaceableIdleMs;
        const replaceable = [...sessions].filter((one) => one.lastCommandAtMs <= beforeMs);
        if (!evictFrom(replaceable, REPLIES.tooManyOfClient, 'per-client')) {
          return { reply: REPLIES.tooManyOfClient, why: 'per-client' };
        }
      }
      unknown.delete(member);
      forget(member);
      // The set may have been dropped with the session that just left.
      clients.set(client, sessions.add(member));
      clientOf.set(member, client);
      return null;
    },
    forget(member) {
      if (!clientOf.has(member)) return;
      forget(member);
      unknown.add(member);
    },
    leave,
    get size() {
      return addressOf.size;
    },
  };
}
