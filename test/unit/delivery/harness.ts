import { type Delivery, openDelivery } from '../../../src/delivery/delivery.ts';
import type { DeliveryDeps } from '../../../src/delivery/delivery-parts.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Account } from '../../../src/relay/account.ts';
import type { KeptToken } from '../../../src/relay/credential.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { Body, Message, MessageId } from '../../../src/relay/message.ts';
import { messageIdSource } from '../../../src/relay/message-id.ts';
import type { DotLedger, Spool, TokenVault } from '../../../src/relay/ports.ts';
import type { LeaseOwner } from '../../../src/relay/queue.ts';
import type { QuotaRate } from '../../../src/relay/quota-rate.ts';
import type { Route } from '../../../src/relay/route.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { type MemoryStore, openMemoryStore } from '../../contract/memory-store.ts';

export const owner: LeaseOwner = { boot: 'boot', run: 'run' };

export type AccountOverrides = Partial<Omit<Account, 'tls' | 'limits' | 'timeouts'>> & {
  tls?: Partial<Account['tls']>;
  limits?: Partial<Account['limits']>;
  timeouts?: Partial<Account['timeouts']>;
};

/** A rate in any window, not only those of relay.yaml. */
export function rolling(
  count: number,
  windowMs: number,
  counts: QuotaRate['counts'] = 'messages',
): QuotaRate {
  return { count, windowMs, counts, zone: null };
}

/** An account on this machine, in clear and without AUTH unless told otherwise. */
export function makeAccount(name: string, port: number, overrides: AccountOverrides = {}): Account {
  const username = overrides.username ?? null;
  return {
    name,
    provider: null,
    host: '127.0.0.1',
    port,
    auth: 'auto',
    username,
    password: username === null ? null : new Secret(`password of ${username}`),
    oauth2: null,
    credentialVersion: '1',
    next: null,
    identities: [],
    headers: {},
    sourceAddress: null,
    proxy: null,
    at: { file: '/etc/relayd/relay.yaml', line: 42, column: 3 },
    ...overrides,
    tls: {
      mode: 'none',
      verify: 'full',
      ca: null,
      pins: [],
      servername: 'localhost',
      minimum: 'TLSv1.2',
      exception: null,
      certificate: null,
      key: null,
      ...overrides.tls,
    },
    limits: {
      rate: [],
      connections: 2,
      messagesPerConnection: 100,
      idleMs: 30_000,
      recipients: 100,
      messageBytes: null,
      ...overrides.limits,
    },
    timeouts: {
      connectMs: 5_000,
      greetingMs: 5_000,
      commandMs: 5_000,
      dataMs: 5_000,
      endOfDataMs: 5_000,
      ...overrides.timeouts,
    },
  };
}

export function makeRoute(sender: string, accounts: readonly string[]): Route {
  return {
    sender,
    client: null,
    recipient: null,
    header: null,
    action: { is: 'accounts', accounts },
    lifetimeMs: null,
    index: 1,
    line: 1,
  };
}

export function makeSettings(
  accounts: readonly Account[],
  overrides: {
    routes?: readonly Route[];
    queue?: Partial<Settings['queue']>;
    failover?: Settings['failover'];
  } = {},
): Settings {
  return {
    file: '/etc/relayd/relay.yaml',
    hostname: 'relay.test',
    accounts: new Map(accounts.map((account) => [account.name, account])),
    routes: overrides.routes ?? [makeRoute('*', [accounts[0]?.name ?? ''])],
    failover: overrides.failover ?? { afterMs: 600_000 },
    clients: new Map(),
    listeners: [],
    queue: {
      directory: '/nowhere',
      retryMs: [60_000, 300_000, 3_600_000],
      lifetimeMs: 5 * 86_400_000,
      delayWarningMs: 4 * 3_600_000,
      inDoubt: 'retry',
      historyMs: 86_400_000,
      ...overrides.queue,
    },
    notifications: { dsn: { mode: 'account', from: 'Mail relay <relay@relay.test>' } },
  } as unknown as Settings;
}

export interface Given {
  from?: string;
  to?: readonly string[];
  body?: Buffer;
  lane?: string;
  message?: Partial<Message>;
  envelope?: Partial<Message['envelope']>;
  recipients?: Message['envelope']['recipients'];
}

export interface Rig {
  readonly delivery: Delivery;
  readonly store: MemoryStore;
  readonly events: readonly RelayEvent[];
  readonly dots: { readonly open: ReadonlyMap<number, MessageId>; readonly marked: MessageId[] };
  settings: Settings;
  /** Wall clock, in milliseconds ahead of the real one. */
  aheadMs: number;
  now(): number;
  /** Makes a message; it is not in the queue yet. */
  message(given?: Given): { message: Message; body: Body };
  /** Hands a message over as submission does: leased when there is room, else waiting. */
  submit(given?: Given): Promise<MessageId>;
  /** Puts a message into the queue as waiting, without a word to delivery. */
  enqueue(given?: Given & { dueAtMs?: number }): Promise<MessageId>;
  /** Resolves with the first event that fits, seen or to come. */
  event<I extends RelayEvent['is']>(
    is: I,
    fits?: (event: RelayEvent & { is: I }) => boolean,
  ): Promise<RelayEvent & { is: I }>;
  all<I extends RelayEvent['is']>(is: I): (RelayEvent & { is: I })[];
  /** Resolves when the condition holds; looked at after every event and every few milliseconds. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
}

const noSpool: Spool = {
  create: () => Promise.reject(new Error('no spool here')),
  read() {
    throw new Error('no spool here');
  },
};

/** A vault in memory. */
export function makeVault(): TokenVault {
  const tokens = new Map<string, KeptToken>();
  return {
    read: async () => new Map(tokens),
    keep: async (account, token) => void tokens.set(account, token),
    remove: async (account) => void tokens.delete(account),
  };
}

/** A suppression list without entries. */
export const nobodySuppressed = { has: () => false, find: () => null };

export function makeRig(settings: Settings, overrides: Partial<DeliveryDeps> = {}): Rig {
  const events: RelayEvent[] = [];
  const listeners = new Set<() => void>();
  const open = new Map<number, MessageId>();
  const marked: MessageId[] = [];
  let slot = 0;
  const dots: DotLedger = {
    mark(id) {
      slot++;
      open.set(slot, id);
      marked.push(id);
      return slot;
    },
    clear: (one) => void open.delete(one),
    drop: (one) => void open.delete(one),
  };
  const live = { settings, aheadMs: 0 };
  const now = (): number => Date.now() + live.aheadMs;
  const store = openMemoryStore(now);
  const newMessageId = messageIdSource(now, 0);
  const delivery = openDelivery({
    settings: () => live.settings,
    store,
    spool: noSpool,
    vault: makeVault(),
    dots,
    emit(event) {
      events.push(event);
      for (const listener of [...listeners]) listener();
    },
    clock: now,
    dice: () => 0.5,
    owner,
    newMessageId,
    suppressed: nobodySuppressed,
    ...overrides,
  });
  const rig: Rig = {
    delivery,
    store,
    events,
    dots: { open, marked },
    get settings() {
      return live.settings;
    },
    set settings(next) {
      live.settings = next;
    },
    get aheadMs() {
      return live.aheadMs;
    },
    set aheadMs(next) {
      live.aheadMs = next;
    },
    now,
    message(given = {}) {
      const bytes = given.body ?? Buffer.from('Subject: test\r\n\r\nHello.\r\n');
      const to = given.to ?? ['to@example.net'];
      const acceptedAtMs = given.message?.acceptedAtMs ?? now();
      const message: Message = {
        id: newMessageId(),
        client: 'app',
        from: null,
        messageIdField: '<1@example.org>',
        boundAccount: null,
        routeSender: null,
        routeHeaders: {},
        acceptedAtMs,
        expiresAtMs: acceptedAtMs + rig.settings.queue.lifetimeMs,
        bytes: bytes.length,
        eightBit: false,
        headerUtf8: false,
        ...given.message,
        envelope: {
          reversePath: given.from ?? 'from@example.org',
          recipients:
            given.recipients ??
            to.map((forwardPath) => ({ forwardPath, notify: null, orcpt: null })),
          body: null,
          smtpUtf8: false,
          ret: null,
          envid: null,
          ...given.envelope,
        },
      };
      return { message, body: { in: 'memory', bytes } };
    },
    async submit(given = {}) {
      const { message, body } = rig.message(given);
      const lane = given.lane ?? [...rig.settings.accounts.keys()][0] ?? '';
      const lease = delivery.reserve(lane, message.bytes);
      if (lease === null) {
        await store.accept([{ message, body, lane, start: { is: 'waiting', dueAtMs: now() } }]);
        delivery.wake(lane, now());
        return message.id;
      }
      await store.accept([{ message, body, lane, start: { is: 'leased', lease } }]);
      const recipients = message.envelope.recipients.map((_, index) => ({
        index,
        state: 'leased' as const,
        lane,
        attempts: 0,
        dueAtMs: 0,
        delayWarned: false,
        lastText: null,
        lastReason: null,
      }));
      delivery.start({ message, recipients, lease }, body);
      return message.id;
    },
    async enqueue(given = {}) {
      const { message, body } = rig.message(given);
      const lane = given.lane ?? [...rig.settings.accounts.keys()][0] ?? '';
      const dueAtMs = given.dueAtMs ?? now();
      await store.accept([{ message, body, lane, start: { is: 'waiting', dueAtMs } }]);
      return message.id;
    },
    async event(is, fits = () => true) {
      const find = () => rig.all(is).find(fits);
      await rig.until(() => find() !== undefined, `event ${is}`);
      const found = find();
      if (found === undefined) throw new Error(`no event ${is}`);
      return found;
    },
    all: (is) => events.filter((event) => event.is === is) as never,
    async until(condition, what) {
      const endMs = performance.now() + 10_000;
      while (!(await condition())) {
        if (performance.now() > endMs) {
          const seen = events.map((event) => JSON.stringify(event)).join('\n');
          throw new Error(`waited in vain for ${what}; events:\n${seen}`);
        }
        await new Promise<void>((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            listeners.delete(done);
            resolve();
          };
          const timer = setTimeout(done, 5);
          listeners.add(done);
        });
      }
    },
  };
  return rig;
}
