import type { Action, Situation } from '../support/upstream-rules.ts';
import {
  type Account,
  type CredentialOptions,
  type Limits,
  makeAccount,
  makeMeters,
  type Tally,
  uncovered,
} from './account.ts';
import type { Meter } from './meter.ts';
import { type Provider, WALLS, type WallFacts, type WallName } from './provider.ts';
import { PROVIDERS, type ProviderName } from './providers.ts';
import { makeSteps, type Step } from './steps.ts';

export interface SimulationOptions {
  readonly provider: ProviderName;
  readonly credentials: Readonly<Record<string, CredentialOptions>>;
  readonly limits?: Limits;
  /** Replies to RCPT by forward-path. */
  readonly refusedRecipients?: Readonly<Record<string, string>>;
  readonly script?: readonly Step[];
}

/** By username. */
export type Report = Readonly<Record<string, Tally>>;

/** What changes while it runs. */
export interface Order {
  /** Forgets what is left of the script before. */
  readonly script?: readonly Step[];
  /** Everything begins unused. */
  readonly limits?: Limits;
  readonly credentials?: Readonly<Record<string, CredentialOptions>>;
  /** So much time passes at once. */
  readonly passMs?: number;
}

interface Session {
  account: Account | null;
  messages: number;
}

type Blocked = Pick<WallFacts, 'named' | 'meter'>;

/** The provider behind the sockets: who may do what, what was used, and the reply to everything. */
export class Simulation {
  readonly provider: Provider;
  readonly #accounts = new Map<string, Account>();
  readonly #sessions = new Map<number, Session>();
  readonly #refusedRecipients: ReadonlyMap<string, string>;
  readonly #steps = makeSteps();
  #limits: Limits;
  /** Everything that clients said. */
  commands = 0;
  #passedMs = 0;
  #sequence = 0;

  constructor(options: SimulationOptions) {
    this.provider = PROVIDERS[options.provider];
    this.#limits = options.limits ?? {};
    this.#refusedRecipients = new Map(Object.entries(options.refusedRecipients ?? {}));
    this.apply({ credentials: options.credentials, script: options.script ?? [] });
  }

  apply({ script, limits, credentials = {}, passMs = 0 }: Order): void {
    this.#passedMs += passMs;
    if (script !== undefined) this.#steps.set(script);
    if (limits !== undefined) {
      this.#limits = limits;
      for (const account of this.#accounts.values()) account.meters = makeMeters(limits);
    }
    for (const [username, options] of Object.entries(credentials)) {
      const known = this.#accounts.get(username);
      if (known !== undefined) known.options = options;
      else this.#accounts.set(username, makeAccount(options, this.#limits));
    }
  }

  report(): Report {
    return Object.fromEntries([...this.#accounts].map(([name, { tally }]) => [name, tally]));
  }

  nowMs(): number {
    return Date.now() + this.#passedMs;
  }

  onSessionEnd(number: number): void {
    this.#sessions.get(number)?.account?.sessions.delete(number);
    this.#sessions.delete(number);
  }

  behave(situation: Situation): Action | null {
    const { at, usual } = situation;
    this.commands++;
    const session = this.#session(situation.session);
    const account = this.#accounts.get(situation.username ?? '') ?? null;
    const action =
      this.#steps.next(situation) ??
      this.#wall(situation, session, account) ??
      this.#refusedRecipient(situation);
    if (at === 'auth' && account !== null) this.#loggedIn(situation, { session, account, action });
    if (action !== null) {
      if (at !== 'auth') this.#refused(account, action);
      return action;
    }
    if (at === 'end-of-data') return this.#taken(situation, session, account);
    const says = this.provider.says[at];
    return says === undefined || !/^[23]/.test(usual) ? null : { reply: says };
  }

  #session(number: number): Session {
    const known = this.#sessions.get(number);
    if (known !== undefined) return known;
    const session: Session = { account: null, messages: 0 };
    this.#sessions.set(number, session);
    return session;
  }

  #wall(situation: Situation, session: Session, account: Account | null): Action | null {
    const { at } = situation;
    const nowMs = this.nowMs();
    for (const name of WALLS) {
      const wall = this.provider.walls[name];
      if (wall === undefined) continue;
      // Without credits the sessions end as well.
      const ends = name === 'credits' && at === 'mail';
      if (wall.at !== at && !ends) continue;
      const blocked = this.#blocked(name, situation, { session, account, nowMs });
      if (blocked === null) continue;
      if (ends) return { drop: true };
      const facts = { ...blocked, username: situation.username ?? '', nowMs };
      return { reply: wall.reply(facts), drop: wall.drop ?? false };
    }
    return null;
  }

  /** Whether the wall stands in the way; what its words are about. */
  #blocked(
    name: WallName,
    { at, usual, transaction, body }: Situation,
    { session, account, nowMs }: { session: Session; account: Account | null; nowMs: number },
  ): Blocked | null {
    const limits = this.#limits;
    const recipients = transaction?.recipients.map(({ forwardPath }) => forwardPath) ?? [];
    const isAfter = at === 'end-of-data';
    const over = (used: number, max: number | undefined): Blocked | null =>
      max !== undefined && used > max ? { named: [], meter: null } : null;
    const full = (meter: Meter | undefined, units: number): Blocked | null =>
      meter !== undefined && !meter.fits(units, nowMs) ? { named: [], meter } : null;
    const named = (list: readonly string[]): Blocked | null =>
      list.length > 0 ? { named: list, meter: null } : null;
    const units = this.provider.counts === 'messages' ? 1 : recipients.length + (isAfter ? 0 : 1);
    switch (name) {
      case 'connections':
        return over(account?.sessions.size ?? this.#sessions.size, limits.connections);
      case 'sessionMessages':
        return over(session.messages + 1, limits.sessionMessages);
      case 'recipients':
        return over(recipients.length + (isAfter ? 0 : 1), limits.recipients);
      case 'login':
        return usual.startsWith('235') && account?.options.revoked !== true ? null : named(['']);
      case 'logins':
        return full(account?.meters.logins, 1);
      case 'credits':
        return full(account?.meters.credits, 1);
      case 'rate':
      case 'quota':
        return full(account?.meters[name], units);
      case 'senders': {
        const from = body === null ? [] : [fromOf(body)];
        const senders = [...new Set([transaction?.reversePath ?? '', ...from])];
        return named(uncovered(senders.filter(Boolean), account?.options.sendAs));
      }
      case 'sandboxRecipients':
        return named(uncovered(recipients, account?.options.sandbox));
    }
  }

  #refusedRecipient({ at, path }: Situation): Action | null {
    const reply = at === 'rcpt' ? this.#refusedRecipients.get(path ?? '') : undefined;
    return reply === undefined ? null : { reply };
  }

  #loggedIn(
    situation: Situation,
    { session, account, action }: { session: Session; account: Account; action: Action | null },
  ): void {
    const atMs = this.nowMs();
    account.meters.logins?.take(1, atMs);
    if (action !== null) {
      const reply = 'reply' in action ? action.reply : '';
      account.tally.loginsRefused.push({ atMs, reply });
      return;
    }
    session.account = account;
    account.sessions.add(situation.session);
    account.tally.loginsAcceptedAtMs.push(atMs);
    account.tally.sessionsMax = Math.max(account.tally.sessionsMax, account.sessions.size);
    this.#steps.taken('logins');
  }

  #refused(account: Account | null, action: Action): void {
    if (account === null || !('reply' in action)) return;
    const { refusals } = account.tally;
    refusals[action.reply] = (refusals[action.reply] ?? 0) + 1;
  }

  #taken({ transaction, body }: Situation, session: Session, account: Account | null): Action {
    const atMs = this.nowMs();
    const recipients = transaction?.recipients.length ?? 0;
    const units = this.provider.counts === 'messages' ? 1 : recipients;
    if (account !== null) {
      const { credits, rate, quota } = account.meters;
      for (const meter of [credits, rate, quota]) meter?.take(units, atMs);
      account.tally.takenAtMs.push(atMs);
    }
    session.messages++;
    this.#steps.taken('messages');
    const messageId = fieldOf(body, 'message-id').replace(/^<|>$/g, '');
    return { reply: this.provider.accepts({ sequence: ++this.#sequence, messageId }) };
  }
}

function fromOf(body: Buffer): string {
  const field = fieldOf(body, 'from');
  return /<([^<>]*)>/.exec(field)?.[1] ?? field;
}

/** The field's body, unfolded; empty when it is missing. */
function fieldOf(body: Buffer | null, name: string): string {
  const header = body?.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
  const unfolded = header.replace(/\r\n(?=[ \t])/g, '');
  return new RegExp(`^${name}:[ \t]*(.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '';
}
