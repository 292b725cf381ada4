import { describe, expect, test } from 'vitest';
import type { AccountState } from '../../src/relay/account.ts';
import type { CertificateMemory } from '../../src/relay/certificate.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { QueueFilter } from '../../src/relay/queue.ts';
import {
  becomes,
  delivered,
  held,
  leased,
  leaseOf,
  type MessageOptions,
  T0,
  waiting,
} from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const paused = {
  is: 'paused',
  untilMs: T0 + 60_000,
  reason: 'quota',
  detail: '450 4.2.1',
  sinceMs: T0,
  strikes: 2,
} as const satisfies AccountState;
const stopped = {
  is: 'held',
  reason: 'credentials',
  detail: '535 5.7.8',
  sinceMs: T0,
  credentialVersion: 'v1',
} as const satisfies AccountState;

const remembered: CertificateMemory = {
  server: 'smtp.gmail.com:587',
  certificates: [
    {
      fingerprint: 'AB:CD',
      subject: 'CN=smtp.gmail.com',
      issuer: 'CN=WR2',
      names: ['smtp.gmail.com'],
      validFromMs: T0 - 1_000,
      validToMs: T0 + 1_000,
      pin: 'pin',
      chain: [{ subject: 'CN=WR2', validToMs: T0 + 9_000, pin: 'other' }],
      firstSeenAtMs: T0 - 10,
      lastSeenAtMs: T0,
      announcedDays: null,
    },
  ],
  exception: { untilMs: T0 + 5, announcedDays: 14 },
};

export function operatorContract(current: () => OpenStore): void {
  listContract(current);
  flushContract(current);
  actContract(current);
  restContract(current);
}

async function doubtful(store: QueueStore, options?: MessageOptions) {
  const one = leased(options);
  await store.accept([one]);
  const next = { is: 'in-doubt', dueAtMs: T0 + 50_000, lane: one.lane ?? 'gmail' } as const;
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  await store.settle({ id: one.message.id, recipients: [becomes(0, next)], ...rest });
  return one;
}

function listContract(current: () => OpenStore): void {
  describe('list', () => {
    test('pages by id, oldest first, and ends with null', async () => {
      const { store } = current();
      const all = Array.from({ length: 5 }, (_, at) => waiting(T0, { acceptedAtMs: T0 + at }));
      await store.accept(all);
      const ids = all.map(({ message }) => message.id);
      const first = await store.list({ filter: {}, after: null, limit: 2 });
      expect(first.rows.map(({ message }) => message.id)).toEqual(ids.slice(0, 2));
      expect(first.next).toBe(ids[1]);
      const rest = await store.list({ filter: {}, after: first.next, limit: 3 });
      expect(rest.rows.map(({ message }) => message.id)).toEqual(ids.slice(2));
      expect(rest.next).toBeNull();
    });

    const one = waiting(T0, {
      from: 'Erp@Velosi.example',
      client: 'cron',
      lane: 'ses',
      to: ['You@Example.net', 'b@other.example'],
      acceptedAtMs: T0 + 10,
    });
    const cases: [QueueFilter, number][] = [
      [{}, 2],
      [{ id: one.message.id }, 2],
      [{ account: 'ses' }, 2],
      [{ account: 'gmail' }, 0],
      [{ client: 'cron' }, 2],
      [{ client: 'velosi' }, 0],
      [{ sender: 'erp@velosi.EXAMPLE' }, 2],
      [{ sender: '@velosi.example' }, 2],
      [{ sender: '@example' }, 0],
      [{ sender: '<>' }, 0],
      [{ recipient: 'you@example.net' }, 1],
      [{ recipient: '@other.example' }, 1],
      [{ recipient: '%@other.example' }, 0],
      [{ states: ['waiting', 'held'] }, 2],
      [{ states: ['held'] }, 0],
      [{ states: [] }, 0],
      [{ olderThanMs: T0 + 11 }, 2],
      [{ olderThanMs: T0 + 10 }, 0],
      [{ newerThanMs: T0 + 9 }, 2],
      [{ newerThanMs: T0 + 10 }, 0],
      [{ account: 'ses', recipient: '@other.example', client: 'cron', newerThanMs: T0 }, 1],
    ];
    test.each(cases)('filter %j finds %i recipients', async (filter, recipients) => {
      const { store } = current();
      await store.accept([one]);
      const page = await store.list({ filter, after: null, limit: 10 });
      expect(page.rows.flatMap((row) => row.recipients)).toHaveLength(recipients);
    });

    test('the null reverse-path can be asked for', async () => {
      const { store } = current();
      const dsn = waiting(T0, { from: '' });
      await store.accept([dsn, waiting()]);
      const page = await store.list({ filter: { sender: '<>' }, after: null, limit: 10 });
      expect(page.rows.map(({ message }) => message.id)).toEqual([dsn.message.id]);
    });
  });
}

function flushContract(current: () => OpenStore): void {
  describe('flush', () => {
    test('makes waiting mail due and clears the pauses of its accounts, not the holds', async () => {
      const { store } = current();
      await store.accept([waiting(T0 + 9_000), waiting(T0 + 9_000, { lane: 'ses' }), held()]);
      await store.setAccountState('gmail', paused);
      await store.setAccountState('ses', { ...stopped, hint: 'ask them' });
      await store.setAccountState('idle', paused);
      const flushed = await store.flush({
        filter: { client: 'velosi' },
        includeHeld: false,
        nowMs: T0 + 5,
      });
      expect(flushed).toEqual({
        recipients: 2,
        messages: 2,
        accountsResumed: ['gmail'],
        lanes: ['gmail', 'ses'],
      });
      expect(new Map(await store.accountStates())).toEqual(
        new Map<string, AccountState>([
          ['idle', paused],
          ['ses', { ...stopped, hint: 'ask them' }],
        ]),
      );
      const query = { nowMs: T0 + 5, lease: leaseOf(), limit: 10 };
      expect(await store.claim({ lane: 'gmail', ...query })).toHaveLength(1);
      expect(await store.claim({ lane: 'ses', ...query })).toHaveLength(1);
    });

    test('an empty filter concerns every account, an account its own even without mail', async () => {
      const { store } = current();
      for (const name of ['a', 'b']) await store.setAccountState(name, paused);
      const given = { includeHeld: false, nowMs: T0 };
      const one = await store.flush({ filter: { account: 'a' }, ...given });
      expect(one).toEqual({ recipients: 0, messages: 0, accountsResumed: ['a'], lanes: [] });
      expect((await store.flush({ filter: {}, ...given })).accountsResumed).toEqual(['b']);
    });

    test('in-doubt mail keeps its delay unless it is named by id', async () => {
      const { store } = current();
      const one = await doubtful(store);
      const given = { includeHeld: false, nowMs: T0 + 5 };
      expect(await store.flush({ filter: {}, ...given })).toMatchObject({ recipients: 0 });
      const named = { filter: { id: one.message.id }, ...given };
      expect(await store.flush(named)).toMatchObject({ recipients: 1, messages: 1 });
      const { queued } = await store.show(one.message.id);
      expect(queued?.recipients[0]).toMatchObject({ state: 'in-doubt', dueAtMs: T0 + 5 });
    });

    test('with held mail and account holds on demand', async () => {
      const { store } = current();
      await doubtful(store);
      await store.accept([held(), leased()]);
      await store.setAccountState('gmail', stopped);
      const flushed = await store.flush({ filter: {}, includeHeld: true, nowMs: T0 + 5 });
      expect(flushed).toEqual({
        recipients: 2,
        messages: 2,
        accountsResumed: ['gmail'],
        lanes: ['gmail'],
      });
      expect(await store.accountStates()).toEqual(new Map());
      const work = { lane: 'gmail', nowMs: T0 + 5, lease: leaseOf(), limit: 9 };
      expect(await store.claim(work)).toHaveLength(2);
    });

    test('what it moves out of the state that was asked for is counted', async () => {
      const { store } = current();
      await store.accept([held(), waiting()]);
      const filter = { states: ['held'] } as const;
      const flushed = await store.flush({ filter, includeHeld: true, nowMs: T0 + 5 });
      expect(flushed).toMatchObject({ recipients: 1, messages: 1 });
    });
  });
}

function actContract(current: () => OpenStore): void {
  describe('act', () => {
    const gmail = { lane: 'gmail', nowMs: T0 + 9_999_999, lease: leaseOf(), limit: 10 };

    test('hold stops waiting mail and release lets it go', async () => {
      const { store } = current();
      await store.accept([waiting(), leased()]);
      const hold = { is: 'hold', reason: 'by the operator' } as const;
      expect(await store.act({ filter: {}, action: hold, nowMs: T0 })).toEqual({
        recipients: 1,
        messages: 1,
      });
      expect(await store.claim(gmail)).toEqual([]);
      const page = await store.list({ filter: { states: ['held'] }, after: null, limit: 5 });
      expect(page.rows[0]?.recipients[0]).toMatchObject({
        lastText: 'by the operator',
        lastReason: 'operator',
      });
      const release = { is: 'release', dueAtMs: T0 + 3 } as const;
      const released = await store.act({ filter: {}, action: release, nowMs: T0 });
      expect(released).toEqual({ recipients: 1, messages: 1 });
      expect((await store.claim(gmail))[0]?.recipients[0]?.dueAtMs).toBe(T0 + 3);
    });

    test('remove settles everything but what is leased, without a DSN, into the history', async () => {
      const { store } = current();
      const [gone, kept] = [waiting(T0, { to: ['a@x.example', 'b@x.example'] }), leased()];
      await store.accept([gone, kept, held()]);
      const given = { filter: {}, action: { is: 'remove' }, nowMs: T0 + 8 } as const;
      expect(await store.act(given)).toEqual({ recipients: 3, messages: 2 });
      const page = await store.list({ filter: {}, after: null, limit: 10 });
      expect(page.rows.map(({ message }) => message.id)).toEqual([kept.message.id]);
      const { history } = await store.show(gone.message.id);
      expect(history?.recipients).toMatchObject([
        { index: 0, outcome: 'removed', reason: 'operator', atMs: T0 + 8 },
        { index: 1, outcome: 'removed' },
      ]);
      expect(await store.body(gone.message.id)).toBeNull();
    });
  });
}

function restContract(current: () => OpenStore): void {
  describe('lanes, clock, accounts and history', () => {
    test('relane moves waiting and held mail, not what is in doubt or leased', async () => {
      const { store } = current();
      const [one, two, three] = [waiting(), held(), leased()];
      await store.accept([one, two, three]);
      const four = await doubtful(store);
      const all = [one, two, three, four].map(({ message }) => message.id);
      await store.relane(all.map((id) => ({ id, lane: 'ses' })));
      const lanes = await Promise.all(
        all.map(async (id) => (await store.show(id)).queued?.recipients[0]?.lane),
      );
      expect(lanes).toEqual(['ses', 'ses', 'gmail', 'gmail']);
      await store.relane([{ id: one.message.id, lane: null }]);
      const counts = (await store.counts()).map(({ lane, state }) => `${lane} ${state}`);
      expect(counts.sort()).toEqual(['gmail in-doubt', 'gmail leased', 'null waiting', 'ses held']);
    });

    test('due times too far ahead are brought near', async () => {
      const { store } = current();
      await store.accept([waiting(T0 + 99_000), waiting(T0 + 10), held()]);
      expect(await store.clampDue(T0 + 1_000)).toBe(1);
      const counts = await store.counts();
      expect(counts.find(({ state }) => state === 'waiting')?.nextDueAtMs).toBe(T0 + 10);
      const work = { lane: 'gmail', nowMs: T0 + 1_000, lease: leaseOf(), limit: 9 };
      expect(await store.claim(work)).toHaveLength(2);
    });

    test('account states are kept until the account is open again', async () => {
      const { store } = current();
      await store.setAccountState('gmail', paused);
      await store.setAccountState('ses', stopped);
      const again = { ...paused, strikes: 3, failingSinceMs: T0 - 5, mayFailOver: false };
      await store.setAccountState('gmail', again);
      expect(new Map(await store.accountStates())).toEqual(
        new Map<string, AccountState>([
          ['gmail', again],
          ['ses', stopped],
        ]),
      );
      await store.setAccountState('gmail', { is: 'open' });
      expect([...(await store.accountStates()).keys()]).toEqual(['ses']);
    });

    test('what is remembered of a server replaces what was, and survives', async () => {
      const { store, reopen } = current();
      await store.rememberCertificates('gmail', { ...remembered, certificates: [] });
      await store.rememberCertificates('gmail', remembered);
      await store.rememberCertificates('ses', { ...remembered, exception: null });
      const again = reopen === null ? store : await reopen();
      expect(new Map(await again.certificates())).toEqual(
        new Map<string, CertificateMemory>([
          ['gmail', remembered],
          ['ses', { ...remembered, exception: null }],
        ]),
      );
    });

    test("what is known of accounts' credentials replaces what was, and survives", async () => {
      const { store, reopen } = current();
      const first = { version: 'v1', firstSeenAtMs: T0, lastAcceptedAtMs: null, refusedAtMs: T0 };
      const second = { ...first, version: 'v2', lastAcceptedAtMs: T0 + 1, refusedAtMs: null };
      const memory = { inUse: 'v2', known: [first, second] };
      await store.rememberCredentials('gmail', { inUse: 'v1', known: [first] });
      await store.rememberCredentials('gmail', memory);
      const again = reopen === null ? store : await reopen();
      expect(new Map(await again.credentials())).toEqual(new Map([['gmail', memory]]));
    });

    test('what accounts have sent is kept, also by the next run', async () => {
      const { store, reopen } = current();
      expect(await store.quotas()).toEqual(new Map());
      const at = { boot: 'boot-1', monotonicMs: 81_000, wallMs: T0 };
      const buckets = [
        { endMs: 79_990, units: 3 },
        { endMs: 80_010, units: 20 },
      ];
      const windows = [
        { windowMs: 1_000, counts: 'recipients' as const, buckets },
        { windowMs: 1_000, counts: 'messages' as const, buckets: buckets.slice(1) },
      ];
      const ses = { pending: { messages: 2, recipients: 5 }, windows, at };
      const gmail = { pending: { messages: 0, recipients: 0 }, windows: [], at };
      await store.saveQuota('ses', { ...ses, windows: [] });
      await Promise.all([store.saveQuota('ses', ses), store.saveQuota('gmail', gmail)]);
      const kept = new Map(Object.entries({ gmail, ses }));
      expect(await store.quotas()).toEqual(kept);
      if (reopen !== null) expect(await (await reopen()).quotas()).toEqual(kept);
    });

    test('history pages from the newest; old entries expire, unsettled ones never', async () => {
      const { store } = current();
      const three = [0, 1, 2].map((at) => leased({ acceptedAtMs: T0 - 100 + at }));
      const open = leased({ acceptedAtMs: T0 - 200, to: ['a@x.example', 'b@x.example'] });
      await store.accept([...three, open]);
      const rest = { lease: leaseOf(), attempt: null, notifications: [] };
      for (const { message } of [...three, open]) {
        await store.settle({ id: message.id, recipients: [becomes(0, delivered)], ...rest });
      }
      const [first, second] = await store.history({ limit: 2, before: null });
      expect(first?.message.id).toBe(three[2]?.message.id);
      expect(second?.message.id).toBe(three[1]?.message.id);
      const older = await store.history({ limit: 9, before: second?.message.id ?? null });
      const olderIds = older.map(({ message }) => message.id);
      expect(olderIds).toEqual([three[0]?.message.id, open.message.id]);
      const lastAtMs = Math.max(...older.concat(first ?? []).map((one) => one.settledAtMs ?? 0));
      expect(await store.expireHistory(T0 - 1)).toBe(0);
      expect(await store.expireHistory(lastAtMs + 1)).toBe(3);
      const left = await store.history({ limit: 9, before: null });
      expect(left.map(({ message }) => message.id)).toEqual([open.message.id]);
    });
  });
}
