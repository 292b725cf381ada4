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

export interface RegistryOptions {
  readonly limits: () => SubmissionLimits;
  readonly clock: Clock;
  readonly replaceableIdleMs: number;
  /** A session was closed to make room. */
  readonly onEvicted: (member: Member, why: SessionRefusal) => void;
}

/**
 * Who is connected. Sessions that have not said who they are compete for the places that are not
 * reserved; when those are full the oldest idle one gives way to the newcomer, so that any number
 * of idle or rude connections leaves a door open for one that behaves.
 */
export class Registry {
  readonly #options: RegistryOptions;
  /** In the order they came. */
  readonly #unknown = new Set<Member>();
  readonly #clients = new Map<string, Set<Member>>();
  readonly #clientOf = new Map<Member, string>();
  /** As it was at the start: XCLIENT changes it. */
  readonly #addressOf = new Map<Member, string>();
  readonly #perAddress = new Map<string, number>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#addressOf.size;
  }

  enter(member: Member): Refused | null {
    const { connections, connectionsReserved, connectionsPerAddress } = this.#options.limits();
    const fromAddress = this.#perAddress.get(member.remoteAddress) ?? 0;
    if (connectionsPerAddress > 0 && fromAddress >= connectionsPerAddress) {
      return { reply: REPLIES.tooManyOfAddress, why: 'per-address' };
    }
    const open = Math.max(1, connections - connectionsReserved);
    const full = this.#unknown.size >= open || this.size >= connections;
    if (full && !this.#evictFrom(this.#unknown, REPLIES.evicted, 'reserved')) {
      return { reply: REPLIES.tooManyConnections, why: 'connections' };
    }
    this.#unknown.add(member);
    this.#addressOf.set(member, member.remoteAddress);
    const count = this.#perAddress.get(member.remoteAddress) ?? 0;
    this.#perAddress.set(member.remoteAddress, count + 1);
    return null;
  }

  /** The session is of this client from now on. */
  identify(member: Member, client: string): Refused | null {
    if (this.#clientOf.get(member) === client) return null;
    const sessions = this.#clients.get(client);
    if (sessions !== undefined && sessions.size >= this.#options.limits().connectionsPerClient) {
      const beforeMs = this.#options.clock() - this.#options.replaceableIdleMs;
      const sleeping = [...sessions].filter(({ lastCommandAtMs }) => lastCommandAtMs <= beforeMs);
      if (!this.#evictFrom(sleeping, REPLIES.tooManyOfClient, 'per-client')) {
        return { reply: REPLIES.tooManyOfClient, why: 'per-client' };
      }
    }
    this.#unknown.delete(member);
    this.#drop(member);
    this.#clients.set(client, (this.#clients.get(client) ?? new Set()).add(member));
    this.#clientOf.set(member, client);
    return null;
  }

  /** The session is nobody's again (XCLIENT, STARTTLS). */
  forget(member: Member): void {
    if (!this.#clientOf.has(member)) return;
    this.#drop(member);
    this.#unknown.add(member);
  }

  leave(member: Member): void {
    const address = this.#addressOf.get(member);
    if (address === undefined) return;
    this.#addressOf.delete(member);
    this.#unknown.delete(member);
    this.#drop(member);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }

  #drop(member: Member): void {
    const client = this.#clientOf.get(member);
    if (client === undefined) return;
    this.#clientOf.delete(member);
    const sessions = this.#clients.get(client);
    sessions?.delete(member);
    if (sessions?.size === 0) this.#clients.delete(client);
  }

  #evictFrom(members: Iterable<Member>, reply: Reply, why: SessionRefusal): boolean {
    for (const member of members) {
      if (!member.idle) continue;
      this.leave(member);
      this.#options.onEvicted(member, why);
      member.end(reply);
      return true;
    }
    return false;
  }
}
