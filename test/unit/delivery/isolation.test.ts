import { afterEach, expect, test } from 'vitest';
import { Attempt } from '../../../src/delivery/attempt.ts';
import type { AttemptDeps } from '../../../src/delivery/attempt-contract.ts';
import { KeptTokens } from '../../../src/delivery/kept-tokens.ts';
import { Pool } from '../../../src/delivery/pool.ts';
import { Traces } from '../../../src/delivery/traces.ts';
import { AssertionError } from '../../../src/lib/assert.ts';
import type { Account } from '../../../src/relay/account.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, makeVault, owner, type Rig } from './harness.ts';

let upstream: Upstream | null = null;
let rig: Rig | null = null;

afterEach(async () => {
  await rig?.delivery.drain(0);
  await upstream?.close();
  [upstream, rig] = [null, null];
});

const passwords = { alice: 'password of alice', bob: 'password of bob' };

/** A pool that breaks its promise: whoever asks gets a session of this account. */
class BrokenPool extends Pool {
  readonly #always: Account;
  constructor(always: Account) {
    super({
      hostname: () => 'relay.test',
      clock: Date.now,
      emit: () => {},
      onCertificate: () => {},
      onConnected: () => {},
      connectionsMax: () => 2,
      monotonic: () => performance.now(),
      onLoginRefused: () => false,
      mayLogIn: () => true,
      traces: new Traces(Date.now),
      keptTokens: new KeptTokens({ vault: makeVault(), emit: () => {}, clock: () => 0 }),
    });
    this.#always = always;
  }
  override open() {
    return super.open(this.#always);
  }
}

type Mixed = (account: Account) => Account;
const mixed: readonly [what: string, other: Mixed, as: string][] = [
  ['another account at the same host', (a) => makeAccount('b', a.port, { username: 'bob' }), 'bob'],
  ['former credentials', (a) => ({ ...a, credentialVersion: '0' }), 'alice'],
  ['another username', (a) => makeAccount('a', a.port, { username: 'bob' }), 'bob'],
  ['nobody', (a) => ({ ...a, auth: 'none' as const }), 'a'],
];

test.each(mixed)('a session of %s carries nothing and is loud', async (_, other, as) => {
  upstream = await startUpstream({ tls: 'none', accounts: passwords });
  const account = makeAccount('a', upstream.port, { username: 'alice' });
  rig = makeRig(makeSettings([account]));
  const { message, body } = rig.message();
  const events: RelayEvent[] = [];
  const pool = new BrokenPool(other(account));
  const deps = { settings: () => rig?.settings, clock: Date.now, dice: () => 0.5 };
  const emit = (event: RelayEvent) => void events.push(event);
  const lease = { owner, untilMs: Number.MAX_SAFE_INTEGER };
  const recipient = {
    index: 0,
    state: 'leased',
    lane: 'a',
    attempts: 0,
    dueAtMs: 0,
    delayWarned: false,
    lastText: null,
    lastReason: null,
  } as const;
  const work = { message, recipients: [recipient], lease };
  const permit = { recipients: 1, kept: true, end: () => {} } as const;
  const given = { account, work, body, follow: () => null };
  const running = new Attempt({ ...deps, emit, pool } as unknown as AttemptDeps, given).run(permit);
  await expect(running).rejects.toThrow(AssertionError);
  expect(events).toEqual([
    { is: 'account.misrouted', account: 'a', authenticatedAs: as, id: message.id },
  ]);
  expect(upstream.messages).toEqual([]);
  pool.abort();
});

test('every delivery records who it was authenticated as', async () => {
  upstream = await startUpstream({ tls: 'none', accounts: passwords });
  const accounts = ['alice', 'bob'].map((name) =>
    makeAccount(name, upstream?.port ?? 0, { username: name }),
  );
  rig = makeRig(makeSettings(accounts));
  await rig.delivery.resume();
  for (const lane of ['alice', 'bob', 'alice']) {
    const id = await rig.submit({ lane });
    await rig.event('message.completed', (event) => event.id === id);
    const { history } = await rig.store.show(id);
    expect(history?.attempts).toMatchObject([{ account: lane, authenticatedAs: lane }]);
  }
  const settled = rig.all('recipient.settled');
  expect(settled.map(({ authenticatedAs }) => authenticatedAs)).toEqual(['alice', 'bob', 'alice']);
});
